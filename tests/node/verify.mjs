// Reads lines {"library", "secret", "headers", "body" (base64)} and answers "accepted" or "refused" for each, as that library
// of npm says; "v1a" is Node's own Ed25519 with the public key as the secret. What is neither is "broken: …".
import { createPublicKey, verify as verifyBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { verify as verifyHub } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";

const stripe = new Stripe("sk_test_posthorn");

function ed25519(key, { headers, body }) {
  const x = Buffer.from(key.slice("whpk_".length), "base64").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signed = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`), body]);
  const signatures = headers["webhook-signature"].split(" ").filter((one) => one.startsWith("v1a,"));
  return signatures.some((one) => verifyBytes(null, signed, publicKey, Buffer.from(one.slice(4), "base64")));
}

// Each answers whether the request is genuine, or throws what its library throws for one that is not.
const libraries = {
  standardwebhooks: (secret, { headers, text }) => new Webhook(secret).verify(text, headers) !== undefined,
  svix: (secret, { headers, text }) => new SvixWebhook(secret).verify(text, headers) !== undefined,
  stripe: (secret, { headers, body }) => stripe.webhooks.signature.verifyHeader(body, headers["stripe-signature"], secret, 300),
  "@octokit/webhooks-methods": (secret, { headers, text }) => verifyHub(secret, text, headers["x-hub-signature-256"]),
  v1a: ed25519,
};
const refusals = ["WebhookVerificationError", "StripeSignatureVerificationError"];

for await (const line of createInterface({ input: process.stdin })) {
  const { library, secret, headers, body } = JSON.parse(line);
  const bytes = Buffer.from(body, "base64");
  try {
    console.log((await libraries[library](secret, { headers, body: bytes, text: bytes.toString("utf8") })) ? "accepted" : "refused");
  } catch (error) {
    console.log(refusals.includes(error.constructor.name) ? "refused" : `broken: ${error}`);
  }
}
