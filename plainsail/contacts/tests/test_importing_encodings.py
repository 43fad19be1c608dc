"""In which encoding a file is: names of a few people are enough, wherever in Europe they live."""

from __future__ import annotations

import codecs

import pytest

from plainsail.contacts.services.importing_encodings import ENCODINGS, encoding_of

WEST = {
    "French": "Hélène;Orléans\nFrançois;Besançon\nBenoît;Nîmes",
    "Spanish": "Begoña;A Coruña\nÍñigo;León",
    "Portuguese": "João;São Paulo\nConceição;Évora",
    "Swedish": "Åsa;Malmö\nBjörn;Gävle",
    "Danish": "Søren;Århus\nJørgen;Ærø",
    "German": "Jürgen;Köln\nJörg;Großweil",
    "Italian": "Nicolò;Forlì\nLucia;è già cliente",
    "Finnish": "Päivi;Jyväskylä",
    "Icelandic": "Þór;Reykjavík\nGuðrún;Ísafjörður",
    "a short word": "l’été «oui»;Nº 5",
    "a note in signs": "Anna;100 € – „gut“ • Nº 5 ± 2",
}
CENTRAL = {
    "Polish": "Łukasz;Łódź\nMichał;Gdańsk",
    "Czech": "Jiří;Plzeň\nŠárka;Děčín",
    "Hungarian": "Győző;Pécs\nTünde;Szűcs",
    "Slovak": "Ľubomír;Košice",
    "Slovene": "Žiga;Črnomelj\nŠpela;Maribor",
    "Croatian": "Đurđa;Šibenik",
    "Romanian": "Ştefan;Braşov",
}
ELSEWHERE = {
    "cp1254": "Işıl;Öztürk\nÇağrı;Şahin",
    "cp1251": "Иван Петров;Москва\nОльга;Казань",
    "koi8_r": "Иван Петров;Москва\nОльга;Казань",
    "cp1253": "Γιώργος;Αθήνα\nΜαρία Παπαδοπούλου;Πάτρα",
    "cp1257": "Šarūnas;Šiauliai\nŽydrūnas;Panevėžys",
    "shift_jis": "田中太郎;東京\n鈴木;大阪",
    "cp932": "髙橋花子;東京①\n鈴木;大阪",
    "euc_jp": "田中太郎;東京\n鈴木;大阪",
    "gbk": "王小明;北京\n李华;上海",
    "big5": "王小明;台北\n李美華;高雄",
    "euc_kr": "김철수;서울\n이영희;부산",
    "cp1255": "דוד כהן;חיפה\nשרה;ירושלים",
    "cp1256": "محمد علي;القاهرة\nفاطمة;دبي",
    "mac_roman": "Hélène;Orléans\nBegoña;Málaga\nJürgen;Köln",
    "cp850": "Hélène;Orléans\nBenoît;Nîmes\nJürgen;Köln",
    "iso8859_2": "Łukasz;Łódź\nJiří;Plzeň\nPaweł;Gdańsk",
}


def read_back(people: str, encoding: str) -> str:
    text = "email;name;ort\n" + "".join(
        f"p{number}@example.com;{line}\n" for number, line in enumerate(people.split("\n"))
    )
    content = text.encode(encoding)
    return content.decode(encoding_of(content)).removeprefix("\ufeff").replace(text, "as it was written")


@pytest.mark.parametrize("people", WEST.values(), ids=WEST.keys())
def test_names_of_western_europe_come_as_they_were_written(people):
    assert read_back(people, "cp1252") == "as it was written"


@pytest.mark.parametrize("people", CENTRAL.values(), ids=CENTRAL.keys())
def test_names_of_central_europe_come_as_they_were_written(people):
    assert read_back(people, "cp1250") == "as it was written"


@pytest.mark.parametrize("encoding", ELSEWHERE)
def test_other_letters_come_as_they_were_written(encoding):
    assert read_back(ELSEWHERE[encoding], encoding) == "as it was written"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_betrays_itself(encoding):
    assert read_back(WEST["French"], encoding) == "as it was written"


@pytest.mark.parametrize(
    ("name", "encoding"), [("Begoña", "cp1252"), ("Jürgen", "cp1252"), ("Łukasz", "cp1250"), ("Jiří", "cp1250")]
)
def test_one_name_among_a_hundred_plain_ones_is_enough(name, encoding):
    people = "\n".join([*["Anna;Berlin"] * 60, f"{name};Berlin", *["Tom;Paris"] * 60])
    assert read_back(people, encoding) == "as it was written"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_offered_can_be_read(encoding):
    assert codecs.lookup(encoding)


def test_one_strange_sign_in_a_long_file_changes_nothing():
    people = "\n".join([WEST["French"]] * 40 + ["Ž;x"])
    assert read_back(people, "cp1252") == "as it was written"
