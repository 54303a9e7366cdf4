// Exchange, introspection, revocation and DPoP through openid-client, configured by discovery alone.
import { answer, given, load } from './parts.mjs';

const client = load('openid-client');
const { issuer, idToken, otherIdToken, basic, jwt, resource } = await given();
const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const configure = (id, authentication) =>
  client.discovery(new URL(issuer), id, undefined, authentication, { execute: [client.allowInsecureRequests], algorithm: 'oauth2' });
const parameters = (token) => ({
  subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:id_token', scope: 'billing-api/read',
});

const job = await configure('job', client.None());
const exchanged = await client.genericGrantRequest(job, grant, parameters(idToken));

const byBasic = await configure(basic.id, client.ClientSecretBasic(basic.secret));
const key = await crypto.subtle.importKey('jwk', jwt.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const byJwt = await configure(jwt.id, client.PrivateKeyJwt({ key, kid: jwt.jwk.kid }));
const introspected = [];
for (const by of [byBasic, byJwt]) introspected.push(await client.tokenIntrospection(by, exchanged.access_token));

const DPoP = client.getDPoPHandle(job, await client.randomDPoPKeyPair('ES256'));
const bound = await client.genericGrantRequest(job, grant, parameters(otherIdToken), { DPoP });
const used = await client.fetchProtectedResource(job, bound.access_token, new URL(resource), 'GET', undefined, undefined, { DPoP });

await client.tokenRevocation(byJwt, exchanged.access_token);
const afterRevocation = await client.tokenIntrospection(byBasic, exchanged.access_token);
answer({ exchanged, introspected, bound, used: used.status, afterRevocation });
