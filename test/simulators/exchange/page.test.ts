import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmulatedStation, startEmulatedStation } from '../../../simulators/demo/emulated-station.ts';
import { Desk } from '../../../simulators/exchange/desk.ts';
import { Web } from '../../../simulators/exchange/web.ts';
import { Browser, chromium, type Tab, type VirtualAuthenticator } from '../../browser.ts';

const skipped = chromium === undefined ? ' (skipped: no Chromium on the PATH)' : '';
const coldAddress = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';

describe.skipIf(chromium === undefined)(`the sample exchange’s page in a browser${skipped}`, () => {
  let browser: Browser;
  let tab: Tab;
  let web: Web;
  let station: EmulatedStation;
  let desk: Desk;
  let phone: VirtualAuthenticator;
  beforeAll(async () => {
    web = await Web.listen(0);
    [browser, station] = await Promise.all([
      Browser.open('1280,800'),
      startEmulatedStation('eip155:31337', '--approvals', web.origin, '--auto-approve'),
    ]);
    ({ tab } = browser);
    desk = new Desk(station);
    web.answer(desk.routes);
    phone = await tab.authenticator();
    await open('alice');
  });
  afterAll(async () => {
    await browser.close();
    web.close();
    desk.close();
    await station.close();
  });

  async function open(account: string): Promise<void> {
    await tab.send('Page.navigate', { url: `${web.origin}/?account=${account}` });
    await tab.until(`document.getElementById('whose')?.textContent === 'of ${account}' && now.textContent !== ''`);
  }
  const click = (id: string): Promise<unknown> => tab.value(`document.getElementById('${id}').click()`);
  const submit = (form: string): Promise<unknown> => tab.value(`document.getElementById('${form}').requestSubmit()`);
  const text = async (id: string): Promise<string> =>
    String(await tab.value(`document.getElementById('${id}').innerText`));
  const says = (id: string, what: string): Promise<void> =>
    tab.until(`document.getElementById('${id}').textContent.includes(${JSON.stringify(what)})`);
  const reviewing = (): Promise<void> => tab.until("document.getElementById('review').open");
  const enter = (id: string, value: string): Promise<unknown> =>
    tab.value(`document.getElementById('${id}').value = ${JSON.stringify(value)}`);

  /** On a wide and on a narrow screen, by day and by night: nothing runs out of the page. */
  async function seenWhole(name: string): Promise<void> {
    for (const scheme of ['dark', 'light'] as const) {
      for (const [width, height] of [
        [390, 844],
        [1280, 800],
      ] as const) {
        await tab.view(width, height, scheme);
        expect(await tab.value('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        await tab.screenshot(`exchange-${name}-${width}-${scheme}`);
      }
    }
  }

  async function enrol(): Promise<void> {
    await click('enrol');
    await reviewing();
    await click('approve');
    await says('status', 'Enrolled.');
    await says('factors', 'not before');
  }

  async function list(label: string): Promise<void> {
    await enter('address', coldAddress);
    await enter('label', label);
    await submit('list');
    await reviewing();
    expect(await text('sentence')).toBe(`Let payments go to ${coldAddress}, once it has ripened.`);
    await click('approve');
    await says('destinations', 'not before');
  }

  async function letADayPass(): Promise<void> {
    await click('pass');
    await says('status', 'A day passed');
  }

  it('enrols a passkey, lists an address and pays it, and the customer reads every field before the passkey is asked', async () => {
    await enrol();
    expect(await text('factors')).toContain('On one device');
    expect(await text('inbox')).toContain('A new device passkey was added to your account alice');
    await letADayPass();
    await says('factors', 'ripe');

    await list('cold storage');

    // What policy would refuse is said before anyone is asked to approve it.
    await submit('withdraw');
    await reviewing();
    expect(await text('reasons')).toContain('destination-unripe');
    await tab.screenshot('exchange-refused');
    expect(await tab.value("document.getElementById('approve').checkVisibility()")).toBe(false);
    await click('cancel');
    await says('status', 'Nothing was withdrawn.');
    await letADayPass();
    await says('destinations', 'ripe');

    await submit('withdraw');
    await reviewing();
    expect(await text('sentence')).toBe(`Pay 1 ETH to ${coldAddress}`);
    const fields = await text('fields');
    for (const words of [
      '1 ETH (1000000000000000000 base units)',
      `${coldAddress} on eip155:31337`,
      'at most 0.001 ETH',
      'alice',
      station.station,
    ]) {
      expect(fields).toContain(words);
    }
    // One row for each member of the intent: nothing of what is signed goes unsaid.
    const members = Object.keys(
      JSON.parse(String(await tab.value("document.getElementById('canonical').textContent"))),
    );
    expect(await tab.value("document.querySelectorAll('#fields dt').length")).toBe(members.length);
    expect(await text('digest')).toMatch(/^[0-9a-f]{64}$/);
    // A key that is still on its way from the form approves nothing: the heading has the focus.
    await tab.press('Enter');
    expect(await text('trouble')).toBe('');
    await seenWhole('review');
    await click('approve');
    await says('withdrawals', 'Transaction signed');
    expect(await text('withdrawals')).toMatch(/1 ETH\n[\s\S]*signed[\s\S]*[0-9a-f]{64}/);
    expect(await text('inbox')).toContain('A withdrawal of 1 ETH from your account alice');
    await seenWhole('paid');
    expect(tab.complaints.filter((told) => !/favicon|pubKeyCredParams/.test(told))).toEqual([]);
  });

  it('says that a passkey which does not recognise its user approved nothing, and nothing happened', async () => {
    const before = await text('withdrawals');
    await phone.recognises(false);
    await submit('withdraw');
    await reviewing();
    await click('approve');
    await says('trouble', 'NotAllowedError');
    expect(await text('trouble')).toContain('Your passkey did not approve');
    expect(await tab.value("document.getElementById('review').open")).toBe(true);
    await click('cancel');
    await says('status', 'Nothing was withdrawn.');
    expect(await text('withdrawals')).toBe(before);
    await phone.recognises(true);
  });

  it('ends a prompt that still waits when its owner goes back, and sends nothing of it later', async () => {
    const before = await text('withdrawals');
    await phone.present(false);
    await submit('withdraw');
    await reviewing();
    await click('approve');
    await says('trouble', 'Waiting for your passkey.');
    await click('cancel');
    await says('status', 'Nothing was withdrawn.');
    await phone.present(true);
    // A browser has one prompt at a time: were the first still there, this one would not be asked.
    await phone.recognises(false);
    await submit('withdraw');
    await reviewing();
    await click('approve');
    await says('trouble', 'NotAllowedError');
    await click('cancel');
    await says('status', 'Nothing was withdrawn.');
    await phone.recognises(true);
    expect(await text('withdrawals')).toBe(before);
  });

  it('shows no intent that it has no words for, whole: nothing unsaid is signed', async () => {
    const read = (canonical: string): Promise<unknown> =>
      tab.value(`import('/approval.js').then(({ readIntent }) => readIntent(${JSON.stringify(canonical)}, {}))
        .then(({ title }) => title, ({ message }) => message)`);
    const members = {
      account: 'alice',
      destination: `eip155:31337:${coldAddress}`,
      entry: 'address-1',
      expires: '2026-01-01T00:05:00Z',
      issued: '2026-01-01T00:00:00Z',
      label: '',
      station: 'abc/1',
      ticket: 'abc',
      type: 'portcullis/destination/v1',
    };
    const said = JSON.stringify(members);
    const { label: _, ...missing } = members;
    expect(await read(said)).toBe('Approve this address');
    for (const other of [
      JSON.stringify(missing),
      JSON.stringify({ ...members, zone: 'everywhere' }),
      JSON.stringify({ ...members, label: 7 }),
      said.replace('{', '{"account":"mallory",'),
      said.replace(',', ', '),
    ]) {
      expect(await read(other), other).toContain('parts that it has no words for');
    }
    expect(await read(said.replace('destination/v1', 'destination/v2'))).toContain('no words for what it was given');
  });

  it('reads and writes amounts exactly', async () => {
    const run = (expression: string): Promise<unknown> =>
      tab.value(`import('/approval.js').then((m) => m.${expression}).catch(({ message }) => message)`);
    expect(await run("inUnits('1500000000000000001', 18)")).toBe('1.500000000000000001');
    expect(await run("inUnits('1', 18)")).toBe('0.000000000000000001');
    expect(await run("inUnits('20', 0)")).toBe('20');
    expect(await run("inBaseUnits(' 0.100000000000000001 ', 18)")).toBe('100000000000000001');
    expect(await run("inBaseUnits('12', 6)")).toBe('12000000');
    for (const wrong of ['1,5', '1e3', '-1', '', '0.1234567', '.5']) {
      expect(await run(`inBaseUnits('${wrong}', 6)`), wrong).toContain('is no amount');
    }
  });

  it('A2: a script in the page that has the passkey sign another payment is refused by the station, with its reason', async () => {
    const before = await text('withdrawals');
    // The attacker's script has the station prepare a payment of its own choosing, and swaps the challenge in the passkey's prompt.
    await tab.value(`(() => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = async ({ publicKey }) => {
        const headers = { 'content-type': 'application/json' };
        const body = JSON.stringify({
          account: 'alice',
          asset: 'eip155:31337/slip44:60',
          amount: '9000000000000000000',
          destination: 'eip155:31337:${coldAddress}',
          maxFee: '1000000000000000',
        });
        const other = await (await fetch('/api/prepare-withdrawal', { method: 'POST', headers, body })).json();
        const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(other.intent));
        navigator.credentials.get = get;
        return get({ publicKey: { ...publicKey, challenge } });
      };
    })()`);
    await submit('withdraw');
    await reviewing();
    await click('approve');
    await says('trouble', 'challenge-mismatch');
    await click('cancel');
    await says('status', 'Nothing was withdrawn.');

    // It alters the payment on its way to the page: the page says what it shows, and the passkey is not asked.
    await tab.value(`(() => {
      const real = window.fetch.bind(window);
      window.fetch = async (path, request) => {
        const altered = path === '/api/prepare-withdrawal'
          ? { ...request, body: request.body.replace('1000000000000000000', '2000000000000000000') }
          : request;
        return real(path, altered);
      };
    })()`);
    await submit('withdraw');
    await says('status', 'You asked for amount 1000000000000000000, and got 2000000000000000000');
    expect(await tab.value("document.getElementById('review').open")).toBe(false);

    // It has more time for itself written into the bytes, on their way here and before the passkey: the station never made them.
    await open('alice');
    await tab.value(`(() => {
      const real = window.fetch.bind(window);
      window.fetch = async (path, request) => {
        const response = await real(path, request);
        if (path !== '/api/prepare-withdrawal') return response;
        const told = await response.json();
        const intent = JSON.parse(told.intent);
        const expires = new Date(Date.parse(intent.expires) + 60_000).toISOString().replace('.000', '');
        return Response.json({ ...told, intent: told.intent.replace(intent.expires, expires) });
      };
    })()`);
    await submit('withdraw');
    await reviewing();
    await click('approve');
    await says('trouble', 'ticket-invalid');
    await click('cancel');
    await says('status', 'Nothing was withdrawn.');
    expect(await text('withdrawals')).toBe(before);
  });

  it('lists a passkey that is synced between devices as such, in a browser without WebAuthn’s JSON, too', async () => {
    await phone.remove();
    await tab.authenticator({ synced: true });
    await open('bob');
    await tab.value(`
      delete PublicKeyCredential.parseCreationOptionsFromJSON;
      delete PublicKeyCredential.parseRequestOptionsFromJSON;
      delete PublicKeyCredential.prototype.toJSON;
    `);
    await enrol();
    expect(await text('factors')).toContain('Synced between devices');
    expect(await text('inbox')).toContain('A new synced passkey was added to your account bob');
    await letADayPass();
    await says('factors', 'ripe');
    await list('own');

    // It wasn't bob: he objects, by what is the link in a message that went past this page.
    await tab.value("window.confirm = () => true; document.querySelector('#inbox button').click()");
    await says('status', 'Your account is frozen.');
    await says('destinations', 'cancelled');
  });
});
