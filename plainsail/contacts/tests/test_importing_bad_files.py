"""Files that are no good: each ends in words that name row and column, and in a table of what was wrong."""

from __future__ import annotations

import csv
import gzip
import io
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from plainsail.contacts.models import Contact, Import
from plainsail.contacts.services import importing, importing_reading
from plainsail.contacts.services.importing import Wishes
from plainsail.contacts.tests.test_importing import MAY, business, counted, imported, received

__all__ = ["business"]


def table_of(as_ada, made: Import) -> list[list[str]]:
    answer = as_ada.get(f"/w/juniper/contacts/imports/{made.pk}/faults.csv")
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.content.decode())))[1:]


def bomb() -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (80 * 1024 * 1024))
    return file.getvalue()


def words_bomb() -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
        archive.writestr("xl/sharedStrings.xml", b"<si>abcdefghijk</si>" * (4 * 1024 * 1024))
    return file.getvalue()


HOPELESS = {
    "empty": (b"", "The file is empty."),
    "only a mark": (b"\xef\xbb\xbf\r\n", "The file is empty."),
    "nothing but NULs": (b"\0" * 5000, "The file is empty."),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "no table of text"),
    "old Excel": (b"\xd0\xcf\x11\xe0" + b"x" * 100, "old or a locked"),
    "another archive": (gzip.compress(b"email\na@example.com"), "no table of text"),
    "a zip bomb": (bomb(), "larger than what can be read"),
    "a bomb of words": (words_bomb(), "larger than what can be read"),
    "half an archive": (bomb()[:400], "damaged"),
    "500 columns": (",".join(f"c{number}" for number in range(500)).encode() + b"\n", "500 columns"),
    "one line of 2 MB": (b"x" * (2 * 1024 * 1024) + b"\n", "longer than a megabyte"),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_what_can_not_be_read_says_where_and_why(business, as_ada, name):
    content, reason = HOPELESS[name]
    made = received(business, content)
    assert (made.state, "Row 1, column" in made.error, reason in made.error) == ("failed", True, True), made.error
    assert not importing.path_of(made).exists()
    (row,) = table_of(as_ada, made)
    assert (row[0], bool(row[1]), reason in row[3]) == ("1", True, True)
    assert reason.replace("'", "&#x27;") in as_ada.get(f"/w/juniper/contacts/imports/{made.pk}/").content.decode()


GERMAN = "email;name;ort\nanna@example.com;Änne Müß;Köln\n"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_encoding_is_found_out(business, encoding):
    imported(business, (GERMAN * 1).encode(encoding))
    anna = Contact.objects.get()
    assert (anna.first_name, anna.last_name, anna.city) == ("Änne", "Müß", "Köln")


def test_an_unclosed_quotation_mark_costs_its_own_row_only(business, as_ada):
    rows = "".join(f"p{number}@example.com,N{number}\n" for number in range(5))
    made = imported(business, f'email,first_name\na@example.com,"Anna\n{rows}')
    assert counted(made) == {"created": 5, "refused": 1}
    assert table_of(as_ada, made)[0][:2] == ["2", "2"]


def test_an_unclosed_quotation_mark_in_a_long_file_swallows_no_others(business, as_ada):
    rows = "".join(f"p{number}@example.com,N\n" for number in range(1500))
    made = imported(business, f'email,first_name\nx@example.com,N\na@example.com,"Anna\n{rows}')
    assert counted(made) == {"created": 1501, "refused": 1}
    assert table_of(as_ada, made)[0][:2] == ["3", "2"]


def test_a_cell_of_several_lines_is_one_cell(business):
    made = imported(business, 'email,notes\na@example.com,"one\ntwo"\nbad,x\n')
    assert Contact.objects.get().notes == "one\ntwo"
    assert made.faults.get().row == 4


def test_a_huge_line_in_the_middle_is_left_out(business, as_ada):
    made = imported(
        business, b"email,notes\na@example.com,x\nb@example.com," + b"y" * 3_000_000 + b"\nc@example.com,z\n"
    )
    assert counted(made) == {"created": 2, "refused": 1}
    assert table_of(as_ada, made)[0][:2] == ["3", "1"]


def test_signs_that_can_not_be_stored_or_read_are_told(business, as_ada):
    made = imported(
        business,
        b"email,first_name,city\na@example.com,A\0nna,K\xc3\xb6ln\nb@example.com,B\xffo," + b"\xc3\xb6" * 20 + b"\n",
    )
    assert Contact.objects.count() == 2
    assert {(row[0], row[1]) for row in table_of(as_ada, made)} == {("2", "first_name"), ("3", "first_name")}


def test_columns_of_the_same_name_are_told_apart(business):
    made = received(business, "email,Name,Name,,\na@example.com,Anna,Berg,,\n")
    assert made.columns == ["email", "Name", "Name (2)", "Column 4", "Column 5"]


def test_too_many_cells_refuse_the_row(business, as_ada):
    made = imported(business, "email,city\na@example.com,Oslo,too,many\nb@example.com,Oslo,,\n")
    assert counted(made) == {"created": 1, "refused": 1}
    assert table_of(as_ada, made)[0][:3] == ["2", "3", "too"]


def test_formulas_are_kept_as_text_and_are_harmless_in_the_table_of_faults(business, as_ada):
    made = imported(business, 'email,first_name,phone\na@example.com,=1+1,"=HYPERLINK(1)"\n')
    assert Contact.objects.get().first_name == "=1+1"
    assert table_of(as_ada, made)[0][2] == "'=HYPERLINK(1)"


def test_a_file_that_is_cut_short_while_it_is_checked_is_no_error_of_ours(business, as_ada):
    made = received(business, workbook([["email"], ["a@example.com"]]))
    importing.define(made, Wishes(targets=["email"]), at=MAY)
    path = importing.path_of(made)
    path.write_bytes(path.read_bytes()[:200])
    importing.check.function(workspace_id=business.pk, import_id=made.pk)
    made.refresh_from_db()
    assert made.state == "failed"
    assert table_of(as_ada, made)


def workbook(rows) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def test_excel_sheets_are_read_with_numbers_and_dates_as_people_see_them(business):
    made = imported(
        business, workbook([["E-Mail", "Score", "City"], ["a@example.com", 12.0, "Oslo"], [None], ["b@x", 1, ""]])
    )
    assert counted(made) == {"created": 1, "refused": 1}
    assert (Contact.objects.get().score, made.faults.get().row) == (12, 4)


VCARD = """BEGIN:VCARD
VERSION:3.0
N:Berg;Anna;;;
ORG:Berg\\, Söhne;Export
TEL;TYPE=CELL:+47 22 12 34 56
ADR;TYPE=HOME:;;Storgata 1;Oslo;;0155;Norway
item1.EMAIL;TYPE=INTERNET:anna@exam
 ple.com
NOTE:one\\ntwo
END:VCARD
BEGIN:VCARD
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen Meier
END:VCARD
"""


def test_cards_are_read_as_people(business):
    made = imported(business, VCARD)
    anna = Contact.objects.get()
    assert (anna.first_name, anna.last_name, anna.company) == ("Anna", "Berg", "Berg, Söhne")
    assert (anna.phone, anna.city, anna.country, anna.notes) == ("+4722123456", "Oslo", "NO", "one\ntwo")
    assert counted(made) == {"created": 1, "refused": 1}


def test_pasted_lines_with_names_are_people(business):
    imported(business, "Anna Berg <anna@example.com>\nbo@example.com\n")
    assert sorted(Contact.objects.values_list("email", "first_name")) == [
        ("anna@example.com", "Anna"),
        ("bo@example.com", ""),
    ]


@pytest.mark.parametrize("size", [importing.LARGEST + 1])
def test_more_than_a_gigabyte_is_refused_and_leaves_nothing(business, size, monkeypatch):
    monkeypatch.setattr(importing, "LARGEST", 100)
    with pytest.raises(importing.FileTooLarge):
        importing.receive(business, name="x", chunks=[b"x" * 60, b"x" * 60], by=None, at=MAY)
    assert not Import.objects.exists()


def test_reading_the_rest_after_some_rows_gives_the_same_rows(business, tmp_path):
    path = tmp_path / "some.csv"
    path.write_text('email,n\na@example.com,"1\n1"\nb@example.com,"2\nc@example.com,3\nd@example.com,4\n')
    layout = importing_reading.inspect(path)
    everything = list(importing_reading.read(path, layout))
    for skip in range(len(everything)):
        assert list(importing_reading.read(path, layout, skip=skip)) == everything[skip:]
