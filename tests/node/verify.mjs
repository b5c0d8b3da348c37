// Reads lines {"secret", "headers", "body" (base64)} and answers "accepted" or "refused" for each: npm's standardwebhooks.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  try {
    new Webhook(secret).verify(Buffer.from(body, "base64").toString("utf8"), headers);
    console.log("accepted");
  } catch (error) {
    console.log(error.constructor.name === "WebhookVerificationError" ? "refused" : `broken: ${error}`);
  }
}
