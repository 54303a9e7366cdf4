// Everything that the OAuth endpoints offer, through oauth4webapi, which knows nothing but the issuer's URL.
import { answer, given, load } from './parts.mjs';

const oauth = load('oauth4webapi');
const { issuer, idToken, otherIdToken, basic, jwt, resource } = await given();
const insecure = { [oauth.allowInsecureRequests]: true }; // http on loopback
const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';

async function discover(algorithm) {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm, ...insecure }));
}
const as = await discover('oauth2');
const alsoOidc = await discover('oidc');

const job = { client_id: 'job' };
const parameters = (token) => ({ subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' });
async function exchange(token, options = {}) {
  const reply = await oauth.genericTokenEndpointRequest(as, job, oauth.None(), grant, parameters(token), { ...insecure, ...options });
  return oauth.processGenericTokenEndpointResponse(as, job, reply);
}
const exchanged = await exchange(idToken);

const key = await crypto.subtle.importKey('jwk', jwt.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const clients = {
  basic: [{ client_id: basic.id }, oauth.ClientSecretBasic(basic.secret)],
  jwt: [{ client_id: jwt.id }, oauth.PrivateKeyJwt({ key, kid: jwt.jwk.kid })],
};
async function introspect(how, token) {
  const [client, authentication] = clients[how];
  const reply = await oauth.introspectionRequest(as, client, authentication, token, insecure);
  return oauth.processIntrospectionResponse(as, client, reply);
}
const introspected = { basic: await introspect('basic', exchanged.access_token), jwt: await introspect('jwt', exchanged.access_token) };
async function refusedWith(promise) {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    return error.error ?? error.cause?.parameters?.error ?? error.cause?.[0]?.scheme ?? error.message;
  }
}
const wrongSecret = await refusedWith(
  oauth.introspectionRequest(as, clients.basic[0], oauth.ClientSecretBasic('wrong'), exchanged.access_token, insecure)
    .then((reply) => oauth.processIntrospectionResponse(as, clients.basic[0], reply)));
const refusedExchange = await refusedWith(exchange(idToken.slice(0, -6) + 'AAAAAA'));

// RFC 9449: the first proof lacks the nonce, the second has it.
const DPoP = oauth.DPoP(job, await oauth.generateKeyPair('ES256'));
let nonceErrors = 0;
async function withNonce(action) {
  try {
    return await action();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    nonceErrors += 1;
    return action();
  }
}
const bound = await withNonce(() => exchange(otherIdToken, { DPoP }));
const call = (token, options) => oauth.protectedResourceRequest(token, 'GET', new URL(resource), undefined, undefined, { ...insecure, ...options });
const useBound = await withNonce(() => call(bound.access_token, { DPoP }));
const otherKey = oauth.DPoP(job, await oauth.generateKeyPair('ES256'));
const useWithOtherKey = await refusedWith(withNonce(() => call(bound.access_token, { DPoP: otherKey })));
const useWithoutProof = await fetch(resource, { headers: { authorization: `DPoP ${bound.access_token}` } });
const useAsBearer = await fetch(resource, { headers: { authorization: `Bearer ${bound.access_token}` } });
const exchangeWithOtherKey = await refusedWith(withNonce(() => exchange(otherIdToken, { DPoP: otherKey })));
const exchangeWithoutKey = await refusedWith(exchange(otherIdToken));
const boundIntrospected = await introspect('basic', bound.access_token);

const revoke = async (token) =>
  oauth.processRevocationResponse(await oauth.revocationRequest(as, ...clients.basic, token, insecure));
await revoke(exchanged.access_token);
await revoke('not-a-token'); // RFC 7009 2.2: no error
const afterRevocation = await introspect('jwt', exchanged.access_token);

answer({
  as, alsoOidc, exchanged, introspected, wrongSecret, refusedExchange, nonceErrors, bound, useBound: useBound.status, useWithOtherKey,
  useWithoutProof: useWithoutProof.status, useAsBearer: useAsBearer.status, exchangeWithOtherKey, exchangeWithoutKey,
  boundIntrospected, afterRevocation,
});
