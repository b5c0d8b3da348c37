"""Whether vendors' own libraries accept a request: "accepted" or "refused" for each, from PyPI in this process, from npm in one
run of Node."""

import base64
import json
import subprocess

import stripe
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from support.server import ROOT
from svix.webhooks import Webhook as SvixWebhook
from svix.webhooks import WebhookVerificationError as SvixVerificationError

NODE_LIBRARIES = ("standardwebhooks", "svix", "stripe", "@octokit/webhooks-methods")
PYTHON_LIBRARIES = ("standardwebhooks", "svix", "stripe")


def python_verdict(secret, headers, body, library="standardwebhooks"):
    try:
        if library == "stripe":
            stripe.WebhookSignature.verify_header(body.decode(), headers["stripe-signature"], secret, 300)
        elif library == "svix":
            SvixWebhook(secret).verify(body, headers)
        else:
            Webhook(secret).verify(body, headers)
        return "accepted"
    except (WebhookVerificationError, SvixVerificationError, stripe.SignatureVerificationError):
        return "refused"


def node_verdicts(secret, requests, library="standardwebhooks"):
    lines = "".join(
        json.dumps({"library": library, "secret": secret, "headers": headers, "body": base64.b64encode(body).decode()}) + "\n"
        for headers, body in requests
    )
    done = subprocess.run(["node", ROOT / "tests/node/verify.mjs"], input=lines, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]
