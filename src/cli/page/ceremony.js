// Runs in the operator's browser: one WebAuthn ceremony, posted back to where the page came from.
const { kind, options, expires } = JSON.parse(document.getElementById('ceremony').textContent);
const confirm = document.getElementById('confirm');
const decline = document.getElementById('decline');
const status = document.getElementById('status');

const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const toBase64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const descriptors = (list = []) => list.map(({ type, id }) => ({ type, id: fromBase64url(id) }));

function say(text, tone = '') {
  status.textContent = text;
  status.className = tone;
}

function finish(text, tone) {
  say(text, tone);
  confirm.remove();
  decline.remove();
}

async function ceremony() {
  const challenge = fromBase64url(options.challenge);
  if (kind === 'create') {
    const publicKey = {
      ...options,
      challenge,
      user: { ...options.user, id: fromBase64url(options.user.id) },
      excludeCredentials: descriptors(options.excludeCredentials),
    };
    const { rawId, response } = await navigator.credentials.create({ publicKey });
    return answer(rawId, {
      clientDataJSON: toBase64url(response.clientDataJSON),
      attestationObject: toBase64url(response.attestationObject),
    });
  }
  const publicKey = { ...options, challenge, allowCredentials: descriptors(options.allowCredentials) };
  const { rawId, response } = await navigator.credentials.get({ publicKey });
  return answer(rawId, {
    clientDataJSON: toBase64url(response.clientDataJSON),
    authenticatorData: toBase64url(response.authenticatorData),
    signature: toBase64url(response.signature),
  });
}

function answer(rawId, response) {
  return { id: toBase64url(rawId), rawId: toBase64url(rawId), type: 'public-key', response };
}

async function post(body) {
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(location.pathname, { method: 'POST', headers, body: JSON.stringify(body) });
  const { message } = await reply.json();
  return { good: reply.ok, message };
}

confirm.addEventListener('click', async () => {
  confirm.disabled = true;
  say('Touch your key.');
  let made;
  try {
    made = await ceremony();
  } catch (error) {
    confirm.disabled = false;
    confirm.focus();
    say(`Your key did not answer: ${error.message} Nothing was signed. Try again, or close this page.`, 'bad');
    return;
  }
  say('One moment.');
  try {
    const { good, message } = await post(made);
    finish(message, good ? 'good' : 'bad');
  } catch {
    finish('The command that showed this page is gone. See in its terminal what it said.', 'bad');
  }
});

decline.addEventListener('click', async () => {
  try {
    await post({ declined: true });
  } catch {
    // Whoever listened is gone: nothing is signed either way.
  }
  finish('Nothing was signed. You may close this page.', '');
});

if (!window.PublicKeyCredential) {
  finish('This browser has no WebAuthn. Open the page in another one.', 'bad');
} else {
  // Not the button: what is to be signed is read first, and no stray key signs.
  confirm.disabled = false;
  document.querySelector('h1').focus({ preventScroll: true });
  if (expires !== undefined) {
    setTimeout(
      () => {
        if (confirm.isConnected) finish('It is too late to sign this: run the command again.', 'bad');
      },
      Math.max(0, expires - Date.now()),
    );
  }
}
