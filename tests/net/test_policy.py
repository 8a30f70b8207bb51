"""Where a connection may call: the usual list of ways round such a rule, none of which may work."""

from __future__ import annotations

import pytest

from hefu.core.env import Env
from hefu.core.errors import Unsupported
from hefu.net import Egress, Policy, targets_in
from hefu.net.policy import place

PUBLIC = Policy(None)
ADMIN = Policy({("erp.example", 443), ("10.0.0.5", 8080)}, "erp")


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.1.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "0.1.2.3",
     "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "fe80::1", "fe80::1%eth0", "ff02::1", "fd00:ec2::254",
     "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
     "::a9fe:a9fe", "::ffff:0:a9fe:a9fe", "64:ff9b:1::a9fe:a9fe"],
)  # fmt: skip
def test_never(address: str) -> None:
    assert ADMIN.refusal(address, "https") == "net.address_refused"
    assert PUBLIC.refusal(address, "https") == "net.address_refused"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.9.1", "10.0.0.5", "172.16.9.9", "192.168.1.1", "::1", "fd12::1", "::ffff:10.0.0.1",
     "::ffff:127.0.0.1", "100.64.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "::7f00:1",
     "::ffff:0:7f00:1", "fec0::1", "192.88.99.1"],
)  # fmt: skip
def test_inside_is_for_admins_only(address: str) -> None:
    assert PUBLIC.refusal(address, "https") == "net.address_refused"
    assert ADMIN.refusal(address, "https") is None


def test_plain_http_is_for_inside_only() -> None:
    assert ADMIN.refusal("10.0.0.5", "http") is None
    assert ADMIN.refusal("93.184.216.34", "http") == "net.plain_http"
    assert ADMIN.refusal("93.184.216.34", "https") is None
    with pytest.raises(Unsupported, match=r"net\.plain_http"):
        PUBLIC.check(place("http://a.example/"))


@pytest.mark.parametrize(
    "url",
    ["https://other.example/", "https://erp.example:444/", "http://erp.example/", "https://erp.example.evil.example/",
     "https://sub.erp.example/", "http://10.0.0.5/", "http://10.0.0.6:8080/", "http://0x0a.0.0.5:8080/",
     "http://167772165:8080/", "http://012.0.0.5:8080/", "http://[::ffff:10.0.0.5]:8080/"],
)  # fmt: skip
def test_only_listed_hosts(url: str) -> None:
    with pytest.raises(Unsupported, match=r"net\.not_listed"):
        ADMIN.check(place(url))


@pytest.mark.parametrize(
    "url",
    ["https://erp.example/", "https://ERP.example", "https://erp.example.:443/x?y", "http://10.0.0.5:8080/a"],
)  # fmt: skip
def test_a_listed_host_in_any_spelling(url: str) -> None:
    ADMIN.check(place(url))


@pytest.mark.parametrize(
    "url",
    ["ftp://erp.example/", "file:///etc/passwd", "//erp.example/", "erp.example", "", "https://", "https:///x",
     "https://user:pw@erp.example/", "https://erp.example@evil.example/", "https://evil.example\\@erp.example/",
     "https://erp.example\t/", "https://erp.example/\r\nX: y", "https://erp.example /", "https://[::1%25eth0]/",
     "https://[nonsense]/", "https://erp.example:99999/", "https://erp.example:0/", "https://erp.example:a/",
     "https://erp.ex%61mple/", "https://-erp.example/", "https://{host}/", "gopher://erp.example:70/_x"],
)  # fmt: skip
def test_what_two_parsers_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(Unsupported, match=r"net\.bad_url"):
        place(url)


def test_the_error_shows_no_password() -> None:
    with pytest.raises(Unsupported) as caught:
        place("https://user:pw@erp.example/")
    assert "pw" not in str(caught.value)


def test_names_in_other_scripts_become_idna() -> None:
    assert place("https://例子.example/路?名=值").url == ("https://xn--fsqu00a.example/%E8%B7%AF?%E5%90%8D=%E5%80%BC")


def test_targets_are_found_anywhere_in_the_settings() -> None:
    settings = {"url": "https://API.example/v1/{id}", "auth": {"token_url": "https://id.example:8443/t"}, "n": 3,
                "objects": [{"read": {"url": "http://10.0.0.5/x y"}}], "note": "see https://docs.example"}  # fmt: skip
    assert targets_in(settings) == {("api.example", 443), ("id.example", 8443), ("10.0.0.5", 80)}


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "::ffff:169.254.169.254", "0.0.0.0"])
def test_a_listed_name_that_resolves_to_metadata_is_not_connected(address: str) -> None:
    egress = Egress(Env(), targets={("erp.example", 80)}, pins={"erp.example": [address]})
    with pytest.raises(Unsupported, match=r"net\.address_refused"):
        egress.send("GET", "http://erp.example/", timeout=2)


def test_a_name_typed_by_others_that_resolves_to_loopback_is_not_connected() -> None:
    egress = Egress(Env(), targets=None, pins={"hook.example": ["127.0.0.1"]})
    with pytest.raises(Unsupported, match=r"net\.address_refused"):
        egress.send("POST", "https://hook.example/", body=b"", timeout=2, writes=True)
