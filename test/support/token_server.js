// A token server for docker-registry's `auth: token`, on loopback: the Bearer half of a registry.
//   node token_server.js PORT KEY.pem CERT.pem [SECONDS]
// Who says user:s3cret gets what is asked for; who says nothing may only pull what is under public/; anybody else is
// refused. Each decision is printed as one line.
const crypto = require('crypto');
const fs = require('fs');
const https = require('https');

const [port, keyFile, certFile, seconds] = process.argv.slice(2);
const lifetime = Number(seconds || 300);
const privateKey = crypto.createPrivateKey(fs.readFileSync(keyFile));
const certificate = new crypto.X509Certificate(fs.readFileSync(certFile));

// libtrust's key id, which the registry looks for: base32 over 30 bytes of the public key's SHA-256, in twelve groups.
function keyId() {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const der = certificate.publicKey.export({ type: 'spki', format: 'der' });
  let bits = 0n;
  for (const byte of crypto.createHash('sha256').update(der).digest().subarray(0, 30)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let shift = 235n; shift >= 0n; shift -= 5n) text += alphabet[Number((bits >> shift) & 31n)];
  return text.match(/.{4}/g).join(':');
}

function signed(claims) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = `${encode({ typ: 'JWT', alg: 'ES256', kid: keyId() })}.${encode(claims)}`;
  const signature = crypto.sign('sha256', Buffer.from(head), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${head}.${signature.toString('base64url')}`;
}

function grant(scope, known) {
  const [type, name, actions] = scope.match(/^([^:]*):(.*):([^:]*)$/).slice(1);
  let allowed = actions.split(',');
  if (!known) allowed = name.startsWith('public/') ? allowed.filter((action) => action === 'pull') : [];
  return { type, name, actions: allowed };
}

function answer(request, response) {
  const query = new URL(request.url, 'https://localhost').searchParams;
  const login = Buffer.from((request.headers.authorization || '').replace(/^Basic /, ''), 'base64').toString();
  if (login && login !== 'user:s3cret') {
    console.log('refused');
    response.writeHead(401);
    return response.end('{}');
  }
  const scopes = query.getAll('scope').flatMap((text) => text.split(' ')).filter(Boolean);
  const access = scopes.map((scope) => grant(scope, Boolean(login))).filter((entry) => entry.actions.length > 0);
  const now = Math.floor(Date.now() / 1000);
  const token = signed({
    iss: 'test-issuer', sub: login.split(':')[0], aud: query.get('service') || '', iat: now, nbf: now - 5,
    exp: now + lifetime, jti: crypto.randomUUID(), access,
  });
  console.log(`granted ${login ? 'user' : 'anonymous'} ${JSON.stringify(access)}`);
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ token, expires_in: lifetime }));
}

const options = { key: fs.readFileSync(keyFile), cert: fs.readFileSync(certFile) };
https.createServer(options, answer).listen(Number(port), '127.0.0.1', () => console.log('listening'));
