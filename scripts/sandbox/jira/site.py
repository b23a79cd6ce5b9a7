"""What does the site tell about itself, the account that asks and the people in it?"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from scripts.sandbox.issues import spell_time
from scripts.sandbox.jira.access import EMAIL
from scripts.sandbox.jira.catalogue import Json
from scripts.sandbox.jira.shape import Style
from scripts.sandbox.people import JIRA, Person, show_in_jira

ACCOUNT_ID = "557058:000000000e71"


def describe_server(zone: ZoneInfo, *, is_cloud: bool) -> Json:
    """The end point serverInfo."""
    numbers = [1001, 0, 0] if is_cloud else [9, 12, 15]
    return {
        "baseUrl": JIRA,
        "version": ".".join(map(str, numbers)) + ("-SNAPSHOT" if is_cloud else ""),
        "versionNumbers": numbers,
        "deploymentType": "Cloud" if is_cloud else "Server",
        "buildNumber": 100285,
        "serverTime": spell_time(datetime.now(UTC), zone.key),
        "serverTitle": "Jira",
    }


def describe_account(zone: ZoneInfo, style: Style) -> Json:
    """The end point myself: the time zone is the one in which the account's JQL dates are read."""
    account: Json = {
        "emailAddress": EMAIL,
        "displayName": "ETL",
        "active": True,
        "timeZone": zone.key,
        "locale": "en_US",
    }
    if not style.is_cloud:
        link = f"{JIRA}/rest/api/2/user?username=etl"
        return {"self": link, "key": "JIRAUSER10000", "name": "etl", **account}
    link = f"{JIRA}/rest/api/{style.version}/user?accountId={ACCOUNT_ID}"
    return {"self": link, "accountId": ACCOUNT_ID, "accountType": "atlassian", **account}


def list_person(person: Person, style: Style) -> Json:
    """One of the site's users: with the address where Jira tells it, even if documents do not."""
    address = {"emailAddress": person.jira_email} if person.jira_email else {}
    shown: Json = style.show({**show_in_jira(person), **address})
    return shown
