"""Which server an address leads to, however it is spelt."""

import pytest

from temporaletl.origins import name_origin, read_origin, read_server


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://good.example/x?y#z", "HTTPS://GOOD.Example:443"),
        ("http://good.example:80/", "http://good.example"),
        ("https://good.example.", "https://good.example"),
        ("https://[::1]:8443/x", "https://[0:0:0:0:0:0:0:1]:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://good.example?q=@evil.example", "https://good.example"),
        ("https://good.example/@evil.example", "https://good.example"),
    ],
)
def test_spellings_of_one_server_are_equal(one: str, other: str) -> None:
    assert read_origin(one) == read_origin(other)


@pytest.mark.parametrize(
    "other",
    [
        *("http://good.example", "https://good.example:8443", "https://good.example.evil.example"),
        *("https://evilgood.example", "https://evil.example/good.example", "https://[::1]"),
        "https://evil.example#https://good.example",
    ],
)
def test_other_servers_are_not(other: str) -> None:
    assert read_origin(other) != read_origin("https://good.example")


@pytest.mark.parametrize(
    "address",
    [
        *("https://good@evil.example", "https://a:secret@good.example", "https://secret:x@:1"),
        *(
            "https://good.example\\@evil.example",
            "https://good.example\t.evil",
            "https:/secret",
            "secret",
            "",
        ),
        *(
            "//secret.example/",
            "ftp://secret.example",
            "https://:secret@",
            "https://secret:port",
            "https://[::1",
        ),
        *("https://secret.example:99999", " https://secret.example", "https://sec ret.example", "https://"),
    ],
)
def test_what_is_no_plain_address_is_refused_and_not_quoted(address: str) -> None:
    with pytest.raises(ValueError, match=r"give|leave|read") as caught:
        read_origin(address)
    assert "secret" not in str(caught.value)


def test_a_server_is_named_without_what_may_be_secret() -> None:
    assert name_origin("https://a:secret@evil.example:8443/secret?secret") == "https://evil.example:8443"
    assert name_origin("https://[::1]:443/") == "https://[::1]"
    assert name_origin("secret") == "an address that cannot be read"


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("trino.example", "https://trino.example:8443"),
        ("trino.example:9443", "https://trino.example:9443"),
        ("http://trino.example", "http://trino.example:8443"),
        ("https://trino.example:9443/", "https://trino.example:9443"),
        ("::1", "https://[::1]:8443"),
        ("[::1]", "https://[::1]:8443"),
        ("[::1]:9443", "https://[::1]:9443"),
    ],
)
def test_a_host_may_be_given_as_an_address(host: str, server: str) -> None:
    assert str(read_server(host, "https", 8443)) == server


@pytest.mark.parametrize("host", ["trino.example/ui", "a:secret@trino.example", " ", "trino.example:x"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"give|leave|read") as caught:
        read_server(host, "https", 443)
    assert "secret" not in str(caught.value)
