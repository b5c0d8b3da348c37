// Gets a token by client credentials with npm's openid-client: finds the server's metadata (RFC 8414), authenticates in the
// way it is told, and checks what comes. Arguments: server, client id, secret, method (post or basic), scope. Prints the answer.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
const client = await import("openid-client");

const [server, id, secret, method, scope] = process.argv.slice(2);
const authentication = method === "basic" ? client.ClientSecretBasic(secret) : client.ClientSecretPost(secret);
const configuration = await client.discovery(new URL(server), id, secret, authentication, {
  algorithm: "oauth2",
  execute: [client.allowInsecureRequests],
});
const tokens = await client.clientCredentialsGrant(configuration, scope ? { scope } : {});
console.log(JSON.stringify(tokens));
