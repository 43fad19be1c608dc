"""In which encoding a file is: names of a few people are enough, wherever in Europe they live."""

from __future__ import annotations

import pytest

from plainsail.contacts.services.importing_encodings import encoding_of

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
    "shift_jis": "田中太郎;東京\n鈴木;大阪",
    "mac_roman": "Hélène;Orléans\nBegoña;Málaga\nJürgen;Köln",
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


def test_one_strange_sign_in_a_long_file_changes_nothing():
    people = "\n".join([WEST["French"]] * 40 + ["Ž;x"])
    assert read_back(people, "cp1252") == "as it was written"
