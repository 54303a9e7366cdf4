// Verifies tokens with jose, which is given the issuer's URL and the expected audience, and finds the rest by discovery.
import { answer, given, load } from './parts.mjs';

const { createRemoteJWKSet, jwtVerify } = load('jose');
const { issuer, audience, tokens } = await given();
const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
const results = [];
for (const { token, typ } of tokens) {
  try {
    const { payload } = await jwtVerify(token, keys, { issuer: metadata.issuer, audience, typ, requiredClaims: ['exp', 'iat'] });
    results.push({ valid: true, payload });
  } catch (error) {
    results.push({ valid: false, code: error.code });
  }
}
answer(results);
