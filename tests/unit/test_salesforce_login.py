"""For whom the claim is meant that signs us in to Salesforce."""

import pytest
from pydantic import SecretStr

from temporaletl.salesforce_login import find_audience
from temporaletl.settings import SalesforceSettings

LOGIN, TEST = "https://login.salesforce.com", "https://test.salesforce.com"


def settings_for(login_url: str, audience: str | None = None) -> SalesforceSettings:
    return SalesforceSettings(
        _env_file=None,
        auth="jwt",
        login_url=login_url,
        client_id="us",
        username="etl@example.org",
        private_key=SecretStr("key"),
        jwt_audience=audience,
    )


@pytest.mark.parametrize(
    ("login_url", "audience"),
    [
        ("https://login.salesforce.com", LOGIN),
        ("https://example.my.salesforce.com", LOGIN),
        ("https://Example.My.Salesforce.com:443/", LOGIN),
        ("https://example-dev-ed.develop.my.salesforce.com", LOGIN),
        ("https://sandbox.my.salesforce.com", LOGIN),
        ("https://test.salesforce.com/", TEST),
        ("https://TEST.salesforce.com", TEST),
        ("https://cs12.salesforce.com", TEST),
        ("https://example--uat.sandbox.my.salesforce.com", TEST),
        ("https://example--uat.my.salesforce.com", TEST),
        ("https://example--uat.cs12.my.salesforce.com", TEST),
        ("https://example.scratch.my.salesforce.com", TEST),
        ("https://salesforce-proxy.example.com", LOGIN),
    ],
)
def test_the_audience_is_the_common_login_for_this_kind_of_address(login_url: str, audience: str) -> None:
    assert find_audience(settings_for(login_url)) == audience


def test_a_setting_names_another_audience() -> None:
    site = "https://site.example/portal"

    assert find_audience(settings_for("https://example.my.salesforce.com", site)) == site
