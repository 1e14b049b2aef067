import { spawnSync } from 'node:child_process';
import * as node from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import libsecp256k1 from 'secp256k1/bindings.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditedReceipt, auditReceipt } from '../../src/custody/audit/receipt.ts';
import type { WithdrawalId } from '../../src/domain/index.ts';
import { buffer } from '../../tools/receipt-page/bytes.ts';
import * as shim from '../../tools/receipt-page/crypto.ts';
import curve from '../../tools/receipt-page/curve.ts';
import { receiptPage, receiptScript } from '../../tools/receipt-page.ts';
import { Browser, chromium } from '../browser.ts';
import { BitcoinStation, bitcoin, coin, payees, to } from '../custody/bitcoin-station.ts';

const docs = (name: string): string => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
const golden = new Uint8Array(readFileSync(docs('receipt-v1.receipt')));
const [, goldenKey = ''] =
  /receipt-v1\.receipt",\n +"verifier_key": "([^"]+)"/.exec(readFileSync(docs('formats.md'), 'utf8')) ?? [];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-page-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The same receipt, changed in one place that says something. */
const changes: readonly (readonly [string, (receipt: string) => string])[] = [
  ['nothing', (receipt) => receipt],
  ['an amount', (receipt) => receipt.replace('"amount\\":\\"', '"amount\\":\\"7')],
  ['a leaf', (receipt) => receipt.replace('withdrawal-authorized', 'withdrawal-authorised')],
  ['a proof', (receipt) => receipt.replace(/"proof":\["./, (start) => `${start.slice(0, -1)}x`)],
  ['a hash of a proof', (receipt) => receipt.replace(/"proof":\["[0-9a-f]{64}/, another)],
  ['the checkpoint', (receipt) => receipt.replace(/"checkpoint":"[^"]*?\\n\d+/, (start) => `${start}9`)],
  ['a signature', (receipt) => receipt.replace(/"signature":"[^"]{20}/, another)],
  ['client data', (receipt) => receipt.replace(/"client_data":"[^"]{20}/, another)],
  ['the policy', (receipt) => receipt.replace('max_payment', 'min_payment')],
  ['the signed bytes', (receipt) => receipt.replace(/"signed":"[0-9a-f]{80}/, another)],
  ['white space', (receipt) => `${receipt} `],
  ['half of it', (receipt) => receipt.slice(0, receipt.length / 2)],
];
/** With another digit at its end, whatever that is. */
function another(text: string): string {
  return `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`;
}
const changed = (bytes: Uint8Array, change: (receipt: string) => string): Uint8Array =>
  new TextEncoder().encode(change(new TextDecoder().decode(bytes)));
/** Each of them, the first as it was. */
function variants(bytes: Uint8Array): Uint8Array[] {
  const all = changes.map(([, change]) => changed(bytes, change));
  expect(new Set(all.map((one) => Buffer.from(one).toString('base64'))).size).toBe(changes.length);
  return all;
}

describe('the page that verifies receipts', () => {
  it('is what the sources make', { timeout: 60_000 }, async () => {
    expect(readFileSync(docs('receipt.html'), 'utf8') === (await receiptPage())).toBe(true);
  });

  it('runs no other script, and loads nothing', () => {
    const page = readFileSync(docs('receipt.html'), 'utf8');
    expect(page).toMatch(/content="default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; base-uri/);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page.match(/<\/script/g)).toHaveLength(1);
    expect(page).not.toMatch(/<[^>]*\s(?:src|href|style|on[a-z]+)=/);
  });

  it('I5: says of every receipt what the command says', { timeout: 120_000 }, async () => {
    const of = await BitcoinStation.open();
    const cases: { bytes: string; key: string }[] = [];
    const add = (bytes: Uint8Array, key: string): void => {
      cases.push({ bytes: Buffer.from(bytes).toString('base64'), key });
    };
    try {
      const [alice] = await of.customers({ alice: payees.wpkh });
      for (const wallet of ['btc-1', 'btc-tr', 'btc-multi'] as const) {
        await alice?.authorize(wallet, { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 100_000n });
        const outputs = [to(payees.wpkh, 50_000n), { index: 0, amount: 99_900_000n }];
        await of.settled(await of.pay([wallet], { coins: [coin(0)], outputs }, { wallet }));
        const receipt = await of.station.custody.journal.receipt(wallet as WithdrawalId);
        for (const one of variants(receipt)) add(one, of.station.verifierKey);
      }
    } finally {
      await of.close();
    }
    for (const one of variants(golden)) add(one, goldenKey);
    add(golden, goldenKey.replace('+8', '+9'));
    add(golden, 'no key');
    add(new Uint8Array(0), goldenKey);

    // In a process of its own: the page's Buffer takes the place of Node's.
    const module = join(folder, 'page.mjs');
    writeFileSync(module, await receiptScript('esm'));
    const run = `import { judge } from ${JSON.stringify(pathToFileURL(module).href)};
      let text = ''; process.stdin.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => {
        const told = JSON.parse(text).map(({ bytes, key }) => judge(Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)), key));
        console.log(JSON.stringify(told));
      });`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', run], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(child.stderr).toBe('');
    const told: AuditedReceipt[] = JSON.parse(child.stdout);
    expect(told).toHaveLength(cases.length);
    expect(told.filter(({ proven }) => proven)).toHaveLength(4);
    for (const [i, { bytes, key }] of cases.entries())
      expect(told[i]).toEqual(auditReceipt(new Uint8Array(Buffer.from(bytes, 'base64')), key));
  });

  const skipped = chromium === undefined ? ' (skipped: no Chromium on the PATH)' : '';
  it.skipIf(chromium === undefined)(`works offline, in a browser${skipped}`, { timeout: 60_000 }, async () => {
    const names = { good: join(folder, 'good.receipt'), bad: join(folder, 'bad\u202e<b>.receipt') };
    writeFileSync(names.good, golden);
    writeFileSync(
      names.bad,
      changed(golden, (receipt) => receipt.replace('1000000000000000000', '9')),
    );
    const browser = await Browser.open('900,1400');
    const { tab } = browser;
    const drop = async (file: string): Promise<void> => {
      const { root } = await tab.send('DOM.getDocument');
      const { nodeId } = await tab.send('DOM.querySelector', { nodeId: Object(root).nodeId, selector: '#file' });
      await tab.send('DOM.setFileInputFiles', { files: [file], nodeId });
    };
    const type = (text: string): Promise<unknown> =>
      tab.value(`(() => { key.value = ${JSON.stringify(text)}; key.dispatchEvent(new Event('input')); })()`);
    try {
      await tab.send('Network.enable');
      await tab.send('Network.emulateNetworkConditions', {
        ...{ offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 },
      });
      await tab.send('Page.navigate', { url: pathToFileURL(docs('receipt.html')).href });
      await tab.until("document.readyState === 'complete' && document.querySelector('#verdict').textContent !== ''");
      expect(await tab.value('verdict.textContent')).toBe('No receipt yet.');
      await drop(names.good);
      await tab.until("verdict.textContent !== 'No receipt yet.'");
      expect(await tab.value('verdict.textContent')).toMatch(/^Nothing is proven: give the log’s key/);
      expect(await tab.value('list.children.length')).toBe(0);
      await type(` ${goldenKey} `);
      expect(await tab.value('verdict.className')).toBe('proven');
      const audited = auditReceipt(golden, goldenKey);
      expect(await tab.value('[...list.children].map((item) => item.textContent)')).toEqual(
        audited.proven ? audited.sentences : [],
      );
      for (const scheme of ['light', 'dark'] as const) {
        await tab.view(900, 1400, scheme);
        await tab.screenshot(`receipt-${scheme}`);
      }
      await tab.view(400, 900, 'light');
      await tab.screenshot('receipt-narrow');
      expect(await tab.value('document.documentElement.scrollWidth <= 400')).toBe(true);
      await drop(names.bad);
      await tab.until("verdict.className === 'refused'");
      expect(await tab.value('verdict.textContent')).toBe('bad\\u{202e}<b>.receipt proves nothing.');
      expect(await tab.value('list.children.length')).toBe(0);
      expect(await tab.value('why.textContent')).toMatch(/^[a-z]+-[a-z]+: /);
      await tab.screenshot('receipt-refused');
      await type(goldenKey.replace('+8', '+9'));
      expect(await tab.value('why.textContent')).toContain('checkpoint-invalid');
      expect(tab.complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});

describe('what stands in the place of Node’s cryptography there', () => {
  const data = new TextEncoder().encode('what is signed');
  const pairs = {
    Ed25519: [node.generateKeyPairSync('ed25519'), null],
    'P-256': [node.generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sha256'],
    'P-384': [node.generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha384'],
    RSA: [node.generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256'],
  } as const;

  it.each(Object.keys(pairs) as (keyof typeof pairs)[])('verifies what %s signed, and nothing else', (kind) => {
    const [{ privateKey, publicKey }, name] = pairs[kind];
    const keys = [shim.createPublicKey({ key: { ...publicKey.export({ format: 'jwk' }) } as never, format: 'jwk' })];
    if (kind !== 'RSA')
      keys.push(shim.createPublicKey({ key: publicKey.export({ format: 'der', type: 'spki' }), format: 'der' }));
    for (const dsaEncoding of ['der', 'ieee-p1363'] as const) {
      const signature = node.sign(name, data, { key: privateKey, dsaEncoding });
      for (const key of keys) {
        const given = { key, dsaEncoding };
        expect(shim.verify(name, data, given, signature)).toBe(true);
        expect(shim.verify(name, Uint8Array.of(1), given, signature)).toBe(false);
        expect(shim.verify(name, data, given, signature.subarray(1))).toBe(false);
        expect(shim.verify(name, data, given, new Uint8Array(0))).toBe(false);
        for (const at of [0, 1, 5, signature.length - 1]) {
          const wrong = Uint8Array.from(signature, (byte, i) => (i === at ? byte ^ 1 : byte));
          expect(shim.verify(name, data, given, wrong), `byte ${at}`).toBe(
            node.verify(name, data, { key: publicKey, dsaEncoding }, wrong),
          );
        }
      }
    }
    const [another] = kind === 'RSA' ? pairs['P-256'] : pairs.RSA;
    const other = shim.createPublicKey({ key: another.publicKey.export({ format: 'jwk' }) as never, format: 'jwk' });
    expect(shim.verify('sha256', data, other, node.sign(name, data, privateKey))).toBe(false);
  });

  it('takes no key that is no point', () => {
    const x = Buffer.alloc(32, 0xff).toString('base64url');
    for (const key of [
      { kty: 'EC', crv: 'P-256', x, y: x },
      { kty: 'EC', crv: 'P-521', x, y: x },
      { kty: 'oct', x },
    ])
      expect(() => shim.createPublicKey({ key, format: 'jwk' })).toThrow();
    expect(() => shim.createPublicKey({ key: Uint8Array.of(0x30), format: 'der' })).toThrow();
  });

  it('hashes as Node does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const name of ['sha256', 'sha384', 'sha512', 'ripemd160'] as const) {
          expect(shim.hash(name, bytes)).toBe(node.hash(name, bytes));
          expect(shim.hash(name, bytes, 'binary')).toBe(node.hash(name, bytes, 'binary'));
          expect([...shim.hash(name, bytes, 'buffer')]).toEqual([...node.hash(name, bytes, 'buffer')]);
        }
        expect(shim.createHash('sha256').update('a').update(bytes).digest('hex')).toBe(
          node.createHash('sha256').update('a').update(bytes).digest('hex'),
        );
      }),
    );
  });

  it('spells and reads bytes as Node does', () => {
    const encodings = ['hex', 'base64', 'base64url', 'latin1', 'utf8'] as const;
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.string(), (a, b, text) => {
        for (const encoding of encodings) {
          expect(buffer.from(a).toString(encoding)).toBe(Buffer.from(a).toString(encoding));
          const spelled = Buffer.from(a).toString(encoding);
          expect([...buffer.from(spelled, encoding)]).toEqual([...Buffer.from(spelled, encoding)]);
        }
        for (const encoding of ['hex', 'utf8'] as const)
          expect([...buffer.from(text, encoding)]).toEqual([...Buffer.from(text, encoding)]);
        expect(buffer.compare(a, b)).toBe(Buffer.compare(a, b));
        expect([...buffer.concat([a, b])]).toEqual([...Buffer.concat([a, b])]);
        // Nothing that Node would not spell that way is taken for it.
        const respelled = buffer.from(text, 'base64url').toString('base64url') === text;
        expect(respelled).toBe(Buffer.from(text, 'base64url').toString('base64url') === text);
      }),
    );
  });

  it('computes on secp256k1 as libsecp256k1 does', () => {
    const scalar = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((one) => libsecp256k1.privateKeyVerify(one));
    fc.assert(
      fc.property(scalar, scalar, (secret, tweak) => {
        const key = libsecp256k1.publicKeyCreate(secret);
        const other = libsecp256k1.publicKeyCreate(tweak);
        const same = (ours: Uint8Array, theirs: Uint8Array) => expect([...ours]).toEqual([...theirs]);
        same(curve.publicKeyCreate(secret), key);
        same(curve.publicKeyConvert(key, false), libsecp256k1.publicKeyConvert(key, false));
        expect(curve.publicKeyVerify(key)).toBe(true);
        expect(curve.publicKeyVerify(key.subarray(1))).toBe(false);
        same(curve.publicKeyTweakAdd(key, tweak), libsecp256k1.publicKeyTweakAdd(Uint8Array.from(key), tweak));
        same(curve.publicKeyTweakMul(key, tweak), libsecp256k1.publicKeyTweakMul(Uint8Array.from(key), tweak));
        same(curve.publicKeyCombine([key, other]), libsecp256k1.publicKeyCombine([key, other]));
        const { signature, recid } = libsecp256k1.ecdsaSign(tweak, secret);
        expect(curve.ecdsaVerify(signature, tweak, key)).toBe(true);
        expect(curve.ecdsaVerify(signature, secret, key)).toBe(libsecp256k1.ecdsaVerify(signature, secret, key));
        same(curve.ecdsaRecover(signature, recid, tweak), key);
        // BIP-146: a high s is no signature here, as there.
        const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
        const s = order - BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
        const high = Uint8Array.from([
          ...signature.subarray(0, 32),
          ...Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
        ]);
        expect([curve.ecdsaVerify(high, tweak, key), libsecp256k1.ecdsaVerify(high, tweak, key)]).toEqual([
          false,
          false,
        ]);
      }),
      { numRuns: 20 },
    );
  });
});
