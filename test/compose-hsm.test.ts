import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeStation } from '../src/cli/init.ts';
import { checkPublished } from '../src/cli/published-check.ts';
import { type ComposedStation, composeStation } from '../src/compose.ts';
import { loadConfig } from '../src/config.ts';
import { openCheckpoint } from '../src/journal/checkpoint.ts';
import { parseVerifierKey } from '../src/journal/note.ts';
import { machineTime } from '../src/machine-time.ts';
import { Vaults } from '../src/vaults.ts';
import { emptyFolder } from './cli/station.ts';
import { noSoftHsm, SoftHsm } from './softhsm.ts';

describe.skipIf(noSoftHsm !== undefined)(
  `a station whose own keys are in an HSM${noSoftHsm ? ` (${noSoftHsm})` : ''}`,
  () => {
    let hsm: SoftHsm;
    let folder: string;
    let config: string;
    const events: string[] = [];
    const compose = (): Promise<ComposedStation> =>
      composeStation({
        config: loadConfig(config),
        time: machineTime(),
        log: (event, details) => events.push(`${event} ${JSON.stringify(details ?? {})}`),
        onFatal: () => {},
      });

    beforeAll(async () => {
      hsm = new SoftHsm();
      hsm.tool('--keypairgen', '--key-type', 'rsa:2048', '--id', '0a', '--usage-decrypt');
      hsm.tool('--keypairgen', '--key-type', 'EC:edwards25519', '--id', '0b', '--usage-sign');
      folder = join(emptyFolder(), 'station');
      await makeStation({ folder, policy: undefined, trustDomain: undefined, names: [] });
      config = join(folder, 'config.yaml');
      const at = (name: string): string => join(folder, 'keys', name);
      writeFileSync(at('pin'), hsm.pin, { mode: 0o600 });
      writeFileSync(at('rsa.der'), hsm.tool('--read-object', '--type', 'pubkey', '--id', '0a'));
      const options = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha1', 'rsa_mgf1_md:sha1'].flatMap((o) => ['-pkeyopt', o]);
      for (const name of ['state.key', 'sealing.key']) {
        const of = [
          '-encrypt',
          '-pubin',
          '-keyform',
          'DER',
          '-inkey',
          at('rsa.der'),
          '-in',
          at(name),
          '-out',
          at(`${name}.wrapped`),
        ];
        execFileSync('openssl', ['pkeyutl', ...of, ...options]);
        rmSync(at(name));
      }
      const text = readFileSync(config, 'utf8');
      const token = `{ name: vault, kind: pkcs11, module: ${hsm.module}, token: { label: ${hsm.label} }, pin: { file: keys/pin }, environment: { SOFTHSM2_CONF: ${hsm.environment.SOFTHSM2_CONF} } }`;
      writeFileSync(
        config,
        `${text.slice(0, text.indexOf('signers:'))}signers: [${token}]\n`
          .replace(
            'state: keys/state.key',
            "state: { hsm: vault, key: '0a', wrapped: keys/state.key.wrapped, oaep: sha1 }",
          )
          .replace('file: keys/sealing.key', "{ hsm: vault, key: '0a', wrapped: keys/sealing.key.wrapped, oaep: sha1 }")
          .replace('journal: keys/journal.pem', "journal: [{ hsm: vault, key: '0b' }, keys/journal.pem]")
          .replace(/127\.0\.0\.1:744[34]/g, '127.0.0.1:0'),
      );
    });
    afterAll(() => hsm.close());

    it('opens them at its start, and its checkpoints are signed by the token, and by the former key while that is named', async () => {
      const station = await compose();
      try {
        const { note } = await station.running.custody.journal.checkpoint(undefined);
        const [inToken, former] = [
          station.verifierKey,
          readFileSync(join(folder, 'take-away/journal.vkey'), 'utf8').trim(),
        ];
        expect(inToken).not.toBe(former);
        for (const key of [inToken, former])
          expect(openCheckpoint(note, [parseVerifierKey(key)]).size).toBeGreaterThan(0);
        expect(events.some((event) => event.startsWith('journal-key-added'))).toBe(true);
      } finally {
        await station.close();
      }
    });

    it('S4: keeps checkpoints in the token, if it is told to: an older database that is put back with all else of the disk starts frozen', async () => {
      const plain = readFileSync(config, 'utf8');
      writeFileSync(config, `${plain}journal: { object: { hsm: vault, label: checkpoints } }\n`);
      /** What doctor says of it. */
      const published = async (key: string) => {
        const of = loadConfig(config);
        const vaults = new Vaults(of.signers, () => {});
        return checkPublished(of, [key], vaults).finally(() => vaults.close());
      };
      const inToken = () => hsm.tool('--read-object', '--type', 'data', '--label', 'checkpoints').toString();
      expect((await published(readFileSync(join(folder, 'take-away/journal.vkey'), 'utf8').trim())).mend).toContain(
        'Start the station once.',
      );
      const station = await compose();
      // Kept at a start; whatever comes soon after, when the station stops at the latest.
      await vi.waitFor(() => expect(inToken()).toMatch(/^portcullis\//), { timeout: 20_000, interval: 200 });
      await station.close();
      cpSync(join(folder, 'data'), join(folder, 'older'), { recursive: true });
      const size = (note: string) => Number(note.split('\n')[1]);
      const older = size(inToken());
      const later = await compose();
      await later.running.custody.operators.freeze('station', 'olivia', 'drill');
      await later.close();
      expect(size(inToken())).toBeGreaterThan(older);
      expect((await published(later.verifierKey)).found).toBe('the journal goes on from 2 checkpoints');
      rmSync(join(folder, 'data'), { recursive: true });
      renameSync(join(folder, 'older'), join(folder, 'data'));
      expect((await published(later.verifierKey)).found).toContain(
        'journal-behind: vault’s data object checkpoints has',
      );
      events.length = 0;
      const back = await compose();
      try {
        expect(events.find((event) => event.startsWith('journal-behind'))).toContain(
          'vault’s data object checkpoints has a checkpoint of',
        );
        await expect(back.running.custody.journal.head()).rejects.toMatchObject({ reason: 'journal-behind' });
      } finally {
        await back.close();
      }
      expect(size(inToken())).toBeGreaterThan(older);
      writeFileSync(config, plain);
    });

    it('does not start where the token is not there, and says so', async () => {
      hsm.pull();
      try {
        await expect(compose()).rejects.toMatchObject({ reason: 'device-missing' });
      } finally {
        hsm.plug();
      }
      await (await compose()).close();
    });
  },
);
