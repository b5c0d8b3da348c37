// Gets a token from Orchestry's token call with npm's openid-client, the server's metadata written down by hand as a client of
// Microsoft's endpoint has it, and calls the provisioning API. Arguments: server, tenant, client id, secret. Prints the webhooks.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
const client = await import("openid-client");

const [server, tenant, id, secret] = process.argv.slice(2);
const authority = `${server}/orchestry/${tenant}`;
const configuration = new client.Configuration(
  { issuer: `${authority}/v2.0`, token_endpoint: `${authority}/oauth2/v2.0/token` },
  id,
  secret,
  client.ClientSecretPost(secret),
);
client.allowInsecureRequests(configuration);
const tokens = await client.clientCredentialsGrant(configuration, { scope: "api://orchestry/.default" });
const answer = await client.fetchProtectedResource(
  configuration,
  tokens.access_token,
  new URL(`${server}/orchestry/v1/provisioning/webhooks`),
  "GET",
);
console.log(JSON.stringify(await answer.json()));
