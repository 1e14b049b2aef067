import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foundingPolicy } from '../src/cli/founding-policy.ts';
import { makeStation } from '../src/cli/init.ts';
import { FaultyToken, noFaultyToken } from './signers/pkcs11/faulty-token.ts';

const daemon = fileURLToPath(new URL('../src/daemon.ts', import.meta.url));

describe.skipIf(noFaultyToken !== undefined)(
  `a station whose state key an HSM opens${noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`}`,
  () => {
    let hsm: FaultyToken;
    let parent: string;
    beforeEach(async () => {
      hsm = new FaultyToken();
      parent = mkdtempSync(join(tmpdir(), 'portcullis-test-'));
      writeFileSync(join(parent, 'policy.yaml'), foundingPolicy('station.example'));
      const folder = join(parent, 'st');
      await makeStation({ folder, policy: join(parent, 'policy.yaml'), trustDomain: undefined, names: [] });
      writeFileSync(join(folder, 'keys/state.wrapped'), Buffer.alloc(256, 7));
      writeFileSync(join(folder, 'keys/hsm.pin'), '98765432\n', { mode: 0o600 });
      const config = join(folder, 'config.yaml');
      const variables = Object.entries(hsm.bothEnvironments).map(([name, value]) => `      ${name}: ${value}\n`);
      const text = readFileSync(config, 'utf8')
        .replace(/^( *)state: .*$/m, '$1state: { hsm: hsm, key: 0a, wrapped: keys/state.wrapped }')
        .replace(
          /\nsigners:\n[\s\S]*$/,
          `\nsigners:
  - name: hsm
    kind: pkcs11
    module: ${hsm.faulty.module}
    token: { label: test }
    pin: { file: keys/hsm.pin }
    environment:
${variables.join('')}`,
        );
      writeFileSync(config, text);
    });
    afterEach(() => {
      hsm.close();
      rmSync(parent, { recursive: true });
    });

    async function start(): Promise<{ code: unknown; said: string }> {
      const config = join(parent, 'st/config.yaml');
      const child = spawn(process.execPath, [daemon, '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr.on('data', (chunk: Uint8Array) => {
        said += Buffer.from(chunk).toString();
      });
      const [code] = await once(child, 'close');
      return { code, said };
    }

    it.each([
      ['hsm-pin-refused', []],
      ['hsm-pin-locked', ['C_Login rv 0xa4']],
    ] as const)(
      'F4: %s: it tries the PIN once, and ends so that nobody starts it again by himself',
      async (reason, cues) => {
        hsm.faulty.cue(...cues);
        const { code, said } = await start();
        expect(code).toBe(78);
        expect(said).toContain(`"reason":"${reason}"`);
        expect(said).not.toContain('98765432');
        expect(hsm.faulty.calls('C_Login')).toHaveLength(1);
      },
    );

    it('F4: a token that is missing may be there at the next start', async () => {
      hsm.pull();
      const { code, said } = await start();
      expect(code).toBe(1);
      expect(said).toContain('"reason":"device-missing"');
    });
  },
);
