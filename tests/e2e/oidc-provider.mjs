// A real OIDC provider as issuer: client_credentials with JWT access tokens, whose claims a caller gives in x-claims.
// POST /rotate?keep=1 makes a new signing key, and keeps publishing the old ones; without keep they are gone.
import http from 'node:http';
import { load } from './parts.mjs';

const { Provider } = load('oidc-provider');
const { generateKeyPair, exportJWK } = load('jose');
const port = Number(process.env.PORT);
const issuer = `http://127.0.0.1:${port}`;

let keys = [];
let handle;
async function rotate(keep) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const fresh = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: `key-${Date.now()}-${keys.length}` };
  keys = [fresh, ...(keep ? keys : [])];
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'runner', client_secret: 'runner-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    jwks: { keys },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: '', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (ctx) => JSON.parse(ctx.get('x-claims') || '{}'),
  });
  handle = provider.callback();
}

await rotate(false);
http.createServer(async (request, response) => {
  if (!request.url.startsWith('/rotate')) return handle(request, response);
  await rotate(request.url.endsWith('keep=1'));
  response.end(keys[0].kid);
}).listen(port, '127.0.0.1');
