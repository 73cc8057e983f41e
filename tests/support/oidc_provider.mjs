// node-oidc-provider with its own pages for trying things out: whoever gives a name is that person, with any password.
// ISSUER, PORT, BACK_CHANNEL (our address for logout tokens) and KEY (a name) come by the environment.
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.MODULES}/`);
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const people = {
  claire: { email: 'claire.bernard@agence.example', email_verified: true, name: 'Claire Bernard' },
  paul: { email: 'paul.roux@agence.example', email_verified: false, name: 'Paul Roux' },
  ana: { name: 'Ana Silva', groups: ['staff', 'helpdesk'] },
};

const provider = new Provider(process.env.ISSUER, {
  clients: [{
    client_id: 'paravent',
    client_secret: 'a secret: 100% & more',
    redirect_uris: ['https://visio.example/sign-in/return'],
    post_logout_redirect_uris: ['https://visio.example/signed-out'],
    backchannel_logout_uri: process.env.BACK_CHANNEL,
    backchannel_logout_session_required: true,
    token_endpoint_auth_method: process.env.METHOD,
  }],
  claims: { openid: ['sub'], profile: ['name', 'groups'], email: ['email', 'email_verified'] },
  pkce: { required: () => true, methods: ['S256'] },
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  jwks: { keys: [{ ...key, kid: process.env.KEY, use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['loopback'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
});
for (const event of ['server_error', 'grant.error', 'backchannel.error', 'authorization.error', 'end_session.error']) {
  provider.on(event, (...what) => console.error(event, ...what.filter((one) => one instanceof Error)));
}
provider.listen(Number(process.env.PORT), '127.0.0.1');
