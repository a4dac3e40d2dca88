"""Errors of the command line. Each has a command, its text, and what helps; a test runs the commands."""

from typing import NamedTuple


class CliError(NamedTuple):
    """A command, the error that it prints, its exit code, and what to do. `…` in the text stands for anything."""

    command: str
    text: str
    remedy: str
    exit_code: int = 2


ERRORS = (
    CliError("refnd 1001", "Unknown command 'refnd'. Did you mean 'refund'?", "Correct the name."),
    CliError(
        "--workspace mine orders",
        "No such option…--workspace… Options of a command come after its name.",
        "Write `orders --workspace mine`.",
    ),
    CliError(
        "orders --url http://127.0.0.1:1",
        "No sandbox answers at http://127.0.0.1:1: Connection refused. Start one with: refund-sandbox serve",
        "Start one, or correct `--url`.",
    ),
    CliError(
        "orders --url nowhere",
        "Invalid URL 'nowhere'. Use http://HOST:PORT, for example http://127.0.0.1:8000.",
        "Correct `--url` or `REFUND_SANDBOX_URL`.",
    ),
    CliError(
        "orders --workspace 'a b'",
        "Invalid workspace name 'a b' (letters, digits, '.', '_', '-'; at most 64).",
        "Use another name.",
    ),
    CliError(
        "orders --api acme",
        "Invalid value for --api: 'acme' (expected funnelfox or fluentcart).",
        "Use a name that `GET /_sandbox/apis` lists.",
    ),
    CliError("orders 4711", "Order 4711 not found in funnelfox or fluentcart.", "Choose one from `refund-sandbox orders`."),
    CliError("orders --state pad", "Unknown state 'pad'. Did you mean 'paid'?", "Correct the state."),
    CliError(
        "orders create --api fluentcart totl_paid=1",
        "Unknown field 'totl_paid'. Did you mean 'total_paid'?",
        "Use a field of the state document.",
    ),
    CliError("orders create paid", "Invalid value 'paid' (expected NAME=VALUE).", "Write the field and its value."),
    CliError(
        "refund 1001 --amount 25.00",
        "Invalid value for --amount: '25.00'. The API counts minor units: use 2500 for 25.00 USD.",
        "Use the amount that the error names.",
    ),
    CliError(
        "refund 1001 --soft",
        "--soft does not apply to refunds of order 1001 in fluentcart.",
        "Leave the option out, or refund an order of another API.",
    ),
    CliError("refund 1009 --amount 100", "422 …", "Read the reply: the API rejected the refund.", 1),
    CliError("requests 99999", "Request 99999 not found.", "Choose one from `refund-sandbox requests`."),
    CliError("fault enable replylost", "Unknown scenario 'replylost'. Did you mean 'reply_lost'? …", "Correct the name."),
    CliError(
        "fault enable",
        "Name a SCENARIO, or a phase with --at. See: refund-sandbox fault scenarios",
        "Name a scenario of the list, or give `--at`.",
    ),
    CliError(
        "fault enable flaky --api acme",
        "Unknown API 'acme'. Known: funnelfox, fluentcart",
        "Use the name of an API.",
    ),
    CliError(
        "fault enable flaky --times often",
        "Invalid value for --times: 'often' (expected a whole number from 1, or always).",
        "Correct the number.",
    ),
    CliError("fault release door", "No held requests under the name 'door'.", "See `refund-sandbox fault list`."),
    CliError("snapshot restore never", "Snapshot 'never' not found.", "See `refund-sandbox snapshot list`."),
    CliError("workspaces delete never", "Workspace 'never' not found.", "See `refund-sandbox workspaces`."),
    CliError("clock advance soon", "/by: must be a duration such as …", "Use 90s, 15m, 2h or 30d."),
    CliError("clock freeze tomorrow", "/now: must be a time such as 2026-01-02T03:04:05Z…", "Use 2026-01-02T03:04:05Z."),
    CliError("settings get valdation", "Unknown setting 'valdation'. Did you mean 'validation'?", "Correct the name."),
    CliError("settings set validation=loose", "/validation: must be one of 'strict', 'live'", "Use a valid value."),
    CliError("trigger refund/setled", "Unknown topic 'refund/setled'. Did you mean 'refund/settled'?", "Correct the topic."),
    CliError(
        "trigger refund/settled",
        "No endpoint receives refund/settled. Add one: refund-sandbox listen, or webhooks targets add URL.",
        "Start `refund-sandbox listen` in another terminal.",
    ),
    CliError("webhooks --replay 7", "Delivery 7 not found.", "Choose one from `refund-sandbox webhooks`."),
    CliError(
        "webhooks targets add localhost:3000",
        "Invalid URL 'localhost:3000'. Use http://HOST:PORT/PATH.",
        "Begin the URL with http:// or https://.",
    ),
    CliError(
        "webhooks targets remove http://127.0.0.1:3000/",
        "Endpoint http://127.0.0.1:3000/ not found. See: refund-sandbox webhooks targets",
        "Copy the URL from the list.",
    ),
    CliError("openapi acme", "Unknown API 'acme'. Known: funnelfox, fluentcart, sandbox.", "Use one of these names."),
    CliError(
        "state export x.yaml --store memory://",
        "--store memory:// has no data outside its server. Leave --store out to use the running sandbox.",
        "Leave `--store` out.",
    ),
    CliError(
        "state export x.yaml --store sqlite:///x.db --workspace a",
        "Use either --store, or --url, --token and --workspace for a running sandbox.",
        "Leave one of them out.",
    ),
    CliError(
        "state import nowhere.yaml",
        "nowhere.yaml can't be read: No such file or directory",
        "Correct the path.",
    ),
    CliError(
        "state import",
        "Give either a FILE with a state document, or --from-recording FILE.",
        "Name one of them.",
    ),
    CliError(
        "record --target shop.example --out new.json",
        "Invalid --target 'shop.example'. Use https://HOST or https://HOST/PATH, without user, query and fragment.",
        "Write the URL with https:// or http://.",
    ),
    CliError("verify --recording nowhere.json", "nowhere.json can't be used: No such file or directory", "Correct the path."),
    CliError("serve --port abc", "Invalid value for --port: 'abc' (expected 0 to 65535).", "Use a port, or 0 for any."),
    CliError("serve --store redis://", "Invalid value for --store: 'redis://' (expected …).", "Use one of the stores."),
    CliError(
        "serve --fixture nowhere.yaml",
        "Invalid value for --fixture: 'nowhere.yaml' (expected an existing file).",
        "Correct the path.",
    ),
    CliError("serve --host 203.0.113.1", "can't listen on 203.0.113.1:8000: …", "Use an address of this machine."),
    CliError(
        "serve --workers 2",
        "--workers needs a --store that processes can share: sqlite:///FILE or postgresql://…",
        "Add a store.",
    ),
)
