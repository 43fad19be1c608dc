"""Statements are read as banks write them: CAMT.053 and CSV in the shapes of several banks."""

from __future__ import annotations

from datetime import date

import pytest

from plainsail.kernel.money import Money
from plainsail.payments.services import statements
from plainsail.payments.services.statements import BadStatement

HEAD = '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
FOOT = "</Stmt></BkToCstmrStmt></Document>"


def line(*, amount="29.00", sign="CRDT", ref="2026-1", status="<Sts><Cd>BOOK</Cd></Sts>", details=""):
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{status}'
        f"<BookgDt><Dt>2026-11-20</Dt></BookgDt><AcctSvcrRef>{ref}</AcctSvcrRef>{details}</Ntry>"
    )


PART = (
    "<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{amount}<RltdPties><Dbtr><Pty><Nm>Maren Thiessen</Nm></Pty>"
    "</Dbtr><DbtrAcct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></DbtrAcct></RltdPties>"
    "<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
)


def camt(*lines):
    return (HEAD + "".join(lines) + FOOT).encode()


def test_a_payment_by_camt_has_its_payer_and_what_they_wrote():
    details = f"<NtryDtls>{PART.format(amount='', text='RF18 5390 0754 7034')}</NtryDtls>"
    (entry,) = statements.of_camt(camt(line(details=details)))
    assert (entry.key, entry.booked_on, entry.amount) == ("2026-1/0", date(2026, 11, 20), Money(2900, "EUR"))
    assert (entry.payer_name, entry.payer_iban) == ("Maren Thiessen", "NL91ABNA0417164300")
    assert entry.text == "RF18 5390 0754 7034"


def test_a_batch_is_told_payment_by_payment():
    parts = "".join(PART.format(amount=f'<Amt Ccy="EUR">{part}</Amt>', text=part) for part in ("10.00", "19.00"))
    entries = statements.of_camt(camt(line(details=f"<NtryDtls>{parts}</NtryDtls>")))
    assert [(entry.key, entry.amount.minor) for entry in entries] == [("2026-1/0", 1000), ("2026-1/1", 1900)]


def test_what_went_out_or_is_not_booked_is_left_out():
    lines = line(sign="DBIT"), line(status="<Sts>PDNG</Sts>"), line(status="<Sts>BOOK</Sts>", ref="ours")
    assert [entry.key for entry in statements.of_camt(camt(*lines))] == ["ours/0"]


def test_lines_that_look_the_same_are_told_apart_the_same_way_each_time():
    twice = camt(line(ref=""), line(ref=""))
    first, second = (statements.of_camt(twice) for _twice in range(2))
    assert [entry.key for entry in first] == [entry.key for entry in second]
    assert len({entry.key for entry in first}) == 2


@pytest.mark.parametrize(
    "content",
    [b"<Document", b'<!DOCTYPE x [<!ENTITY a "b">]><Document/>', camt(line(amount="much")), camt("<Ntry/>")[:-9]],
)
def test_what_is_no_statement_is_refused(content):
    with pytest.raises(BadStatement):
        statements.of_camt(content)


SPARKASSE = (
    "Auftragskonto;Buchungstag;Valutadatum;Buchungstext;Verwendungszweck;Beguenstigter/Zahlungspflichtiger;"
    "Kontonummer/IBAN;BIC (SWIFT-Code);Betrag;Waehrung;Info\n"
    "DE1;20.11.26;20.11.26;GUTSCHRIFT;RF18539007547034;Thießen, Maren;NL91ABNA0417164300;X;1.234,50;EUR;Umsatz gebucht\n"
    "DE1;21.11.26;21.11.26;LASTSCHRIFT;Strom;Stadtwerke;DE2;X;-80,00;EUR;Umsatz gebucht\n"
)
DKB = (
    '"Girokonto";"DE1"\n""\n"Buchungsdatum";"Wertstellung";"Status";"Zahlungspflichtige*r";"Verwendungszweck";"Betrag (€)"\n'
    '"20.11.26";"20.11.26";"Gebucht";"Maren Thiessen";"RF18539007547034";"29"\n'
)
WISE = "Date,Amount,Currency,Description,Payer\n2026-11-20,29.00,CHF,RF18539007547034,Maren\n"


def test_the_columns_of_known_banks_are_found_whatever_stands_above_them():
    table = statements.table(SPARKASSE.encode("cp1252"))
    assert table.is_clear
    (entry,) = statements.of_table(table, table.guess, currency="EUR")
    assert (entry.booked_on, entry.amount) == (date(2026, 11, 20), Money(123450, "EUR"))
    assert (entry.payer_name, entry.payer_iban, entry.text) == (
        "Thießen, Maren",
        "NL91ABNA0417164300",
        "RF18539007547034",
    )


def test_a_currency_of_the_row_counts():
    table = statements.table(WISE.encode())
    (entry,) = statements.of_table(table, table.guess, currency="EUR")
    assert entry.amount == Money(2900, "CHF")


def test_a_column_that_nobody_knows_is_to_be_named_by_a_person():
    table = statements.table(DKB.encode())
    assert (table.is_clear, table.heads[table.guess["date"]]) == (False, "Buchungsdatum")
    columns = {**table.guess, "amount": table.heads.index("Betrag (€)")}
    (entry,) = statements.of_table(table, columns, currency="EUR")
    assert entry.amount == Money(2900, "EUR")


def test_columns_without_amounts_are_said_to_be_wrong():
    table = statements.table(DKB.encode())
    with pytest.raises(BadStatement):
        statements.of_table(table, {**table.guess, "amount": 3}, currency="EUR")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("1.234,50 €", "1234.50"),
        ("1,234.50", "1234.50"),
        ("-80,00", "-80.00"),
        ("+29", "29"),
        ("1.234.567", "1234567"),
        ("12.5", "12.5"),
        ("EUR 12", "12"),
        ("RF18 5390", ""),
        ("", ""),
    ],
)
def test_amounts_are_read_in_either_way_of_writing(written, plain):
    assert statements.plain(written) == plain


def test_a_file_of_words_is_no_statement():
    with pytest.raises(BadStatement):
        statements.table(b"just some words\nand more of them")
