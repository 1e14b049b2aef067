import { execFileSync } from 'node:child_process';
import { verify } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../src/journal/checkpoint.ts';
import { signedCheckpoint } from '../src/journal/checkpoint-signer.ts';
import { checkKeySource, type KeySource, readKey } from '../src/key-source.ts';
import type { SignerConfig } from '../src/signer-config.ts';
import { openJournalKey, Vaults } from '../src/vaults.ts';
import { noSoftHsm, SoftHsm } from './softhsm.ts';

const origin = 'portcullis/test';
const stateKey = '0f'.repeat(32);

describe.skipIf(noSoftHsm !== undefined)(
  `the station’s own keys in an HSM${noSoftHsm ? ` (${noSoftHsm})` : ''}`,
  () => {
    let hsm: SoftHsm;
    let folder: string;
    let signers: SignerConfig[];
    let vaults: Vaults;
    const lines: string[] = [];

    beforeAll(() => {
      hsm = new SoftHsm(['0e']);
      folder = mkdtempSync(join(tmpdir(), 'portcullis-vaults-'));
      const pin = join(folder, 'pin');
      writeFileSync(pin, hsm.pin, { mode: 0o600 });
      const { module, environment, label } = hsm;
      const token = { by: 'label', value: label } as const;
      const named = { kind: 'pkcs11', module, environment, token, processes: 1 } as const;
      signers = [
        { ...named, name: 'hsm-1', pin: { kind: 'file', file: pin } },
        { name: 'ledger-1', kind: 'ledger', transport: { kind: 'hid' }, review: 1 },
      ];
      hsm.tool('--keypairgen', '--key-type', 'rsa:2048', '--id', '0a', '--usage-decrypt');
      hsm.tool('--keypairgen', '--key-type', 'EC:edwards25519', '--id', '0b', '--usage-sign');
      vaults = new Vaults(signers, (line) => lines.push(line));
    });
    afterAll(async () => {
      await vaults.close();
      hsm.close();
      rmSync(folder, { recursive: true });
    });

    /** Wraps for the token's RSA key, by OpenSSL: as a person would. */
    function wrapped(text: string, digest = 'sha1'): KeySource {
      const [plain, publicKey, file] = ['plain', 'rsa.der', 'wrapped'].map((name) => join(folder, name));
      writeFileSync(plain ?? '', text);
      writeFileSync(publicKey ?? '', hsm.tool('--read-object', '--type', 'pubkey', '--id', '0a'));
      const options = ['rsa_padding_mode:oaep', `rsa_oaep_md:${digest}`, `rsa_mgf1_md:${digest}`];
      execFileSync('openssl', [
        ...['pkeyutl', '-encrypt', '-pubin', '-keyform', 'DER', '-inkey', publicKey ?? ''],
        ...options.flatMap((option) => ['-pkeyopt', option]),
        ...['-in', plain ?? '', '-out', file ?? ''],
      ]);
      return { kind: 'hsm', signer: 'hsm-1', key: '0a', file: file ?? '', hash: 'sha1' };
    }

    it('a state key is opened by the token, as its file would have held it', async () => {
      const key = await readKey(wrapped(`${stateKey}\n`), 'config.keys.state', vaults);
      expect(Buffer.from(key).toString('hex')).toBe(stateKey);
      expect(lines.join()).not.toContain(stateKey);
    });

    it('S9: what it opens and is no key is not quoted', async () => {
      const read = readKey(wrapped('hunter2'), 'config.keys.state', vaults);
      await expect(read).rejects.toThrow(/^config.keys.state.wrapped: what .* is not 64 lowercase hex digits$/);
      await expect(read).rejects.not.toThrow(/hunter2/);
    });

    it('what was wrapped otherwise, or for another key, is no key', async () => {
      const other = wrapped(stateKey, 'sha256');
      await expect(readKey(other, 'config.keys.state', vaults)).rejects.toMatchObject({ reason: 'signer-failed' });
      const file = join(folder, 'noise');
      writeFileSync(file, Buffer.alloc(256, 7));
      const noise = { ...other, file } as KeySource;
      await expect(readKey(noise, 'config.keys.state', vaults)).rejects.toMatchObject({ reason: 'signer-failed' });
      writeFileSync(file, Buffer.alloc(64, 7));
      await expect(readKey(noise, 'config.keys.state', vaults)).rejects.toThrow('no RSA key makes that');
    });

    it.each([0o666, 0o620, 0o602])(
      'D4: what others may write is not opened: they could have chosen the key (mode %o)',
      async (mode) => {
        const source = wrapped(stateKey);
        const file = 'file' in source ? source.file : '';
        const why = /^config.keys.state.wrapped: others may write .* \(mode 06..\)/;
        chmodSync(file, mode);
        try {
          await expect(readKey(source, 'config.keys.state', vaults)).rejects.toThrow(why);
          expect(() => checkKeySource(source, 'config.keys.state')).toThrow(why);
        } finally {
          chmodSync(file, 0o644);
        }
        expect(() => checkKeySource(source, 'config.keys.state')).not.toThrow();
        expect(() => checkKeySource({ ...source, file: folder } as KeySource, 'config.keys.state')).toThrow(
          'not a file',
        );
      },
    );

    it.each<[string, string[], string]>([
      ['could be copied out', ['--key-type', 'rsa:2048', '--usage-decrypt', '--extractable'], 'is CKA_EXTRACTABLE'],
      ['is short', ['--key-type', 'rsa:1024', '--usage-decrypt'], 'has 1024 bits'],
      [
        'wants its PIN each time',
        ['--key-type', 'rsa:2048', '--usage-decrypt', '--always-auth'],
        'CKA_ALWAYS_AUTHENTICATE',
      ],
      ['is for signing', ['--key-type', 'EC:edwards25519', '--usage-sign'], 'is no RSA key'],
    ])('D4: the station’s keys are opened by no key that %s', async (_, made, why) => {
      hsm.tool('--keypairgen', '--id', 'd4', ...made);
      try {
        const source = { ...wrapped(stateKey), key: 'd4' } as KeySource;
        const read = readKey(source, 'config.keys.state', vaults);
        await expect(read).rejects.toMatchObject({ reason: 'hsm-key-unfit', message: expect.stringContaining(why) });
      } finally {
        for (const type of ['privkey', 'pubkey']) hsm.tool('--delete-object', '--type', type, '--id', 'd4');
      }
    });

    it.each<[string, string[], string]>([
      ['could be copied out', ['--extractable'], 'is CKA_EXTRACTABLE'],
      ['wants its PIN each time', ['--always-auth'], 'CKA_ALWAYS_AUTHENTICATE'],
    ])('S6: no checkpoint is signed by a key that %s', async (_, made, why) => {
      hsm.tool('--keypairgen', '--id', 'd5', '--key-type', 'EC:edwards25519', '--usage-sign', ...made);
      try {
        const source = { kind: 'hsm', signer: 'hsm-1', key: 'd5' } as const;
        const open = openJournalKey(source, origin, 'config.keys.journal', vaults);
        await expect(open).rejects.toMatchObject({ reason: 'hsm-key-unfit', message: expect.stringContaining(why) });
      } finally {
        for (const type of ['privkey', 'pubkey']) hsm.tool('--delete-object', '--type', type, '--id', 'd5');
      }
    });

    it('an id that the token has not is told', async () => {
      const source = { ...wrapped(stateKey), key: 'ff' } as KeySource;
      await expect(readKey(source, 'config.keys.state', vaults)).rejects.toMatchObject({ reason: 'hsm-key-unfit' });
    });

    it('I5: a checkpoint is signed in the token, and verifies by its public key alone', async () => {
      const signer = await openJournalKey(
        { kind: 'hsm', signer: 'hsm-1', key: '0b' },
        origin,
        'config.keys.journal',
        vaults,
      );
      const checkpoint = { origin, size: 7, root: new Uint8Array(32).fill(3), extensions: [] };
      const note = await signedCheckpoint(checkpoint, [signer]);
      // pkcs11-tool 0.23 reads no Ed25519 key: its point is the end of the object as OpenSC shows it.
      expect(openCheckpoint(note, [signer.verifier])).toMatchObject(checkpoint);
      const text = note.slice(0, note.indexOf('\n\n') + 1);
      const line = note.trimEnd().split(' ').at(-1) ?? '';
      const signature = Buffer.from(line, 'base64').subarray(4);
      expect(verify(null, Buffer.from(text), signer.verifier.publicKey, signature)).toBe(true);
    });

    it('a wallet’s key signs no checkpoint, nor does a Ledger', async () => {
      const open = (signer: string, key: string) =>
        openJournalKey({ kind: 'hsm', signer, key }, origin, 'config.keys.journal', vaults);
      await expect(open('hsm-1', '0e')).rejects.toMatchObject({ reason: 'hsm-key-unfit' });
      await expect(open('ledger-1', '0b')).rejects.toThrow('config.keys.journal.hsm: config.signers has no signer');
    });
  },
);
