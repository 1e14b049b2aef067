import { appendFileSync, chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { foundingPolicy } from '../../src/cli/founding-policy.ts';
import { makeStation } from '../../src/cli/init.ts';
import { noSoftHsm, SoftHsm } from '../softhsm.ts';
import { emptyFolder, ran } from './station.ts';

const skipped = noSoftHsm === undefined ? '' : ` (skipped: ${noSoftHsm})`;

describe.skipIf(noSoftHsm !== undefined)(`doctor, of HSMs${skipped}`, () => {
  let hsm: SoftHsm;
  let folder: string;
  beforeAll(() => {
    hsm = new SoftHsm(['a1', 'b2']);
  });
  afterAll(() => hsm.close());

  beforeEach(() => {
    folder = join(emptyFolder(), 'st');
  });

  /** A new station with a signer on the token, and wallets of these keys. */
  async function station(ids: readonly string[], pin = `{ file: ${join(folder, 'keys/hsm.pin')} }`): Promise<void> {
    const wallets = ids.map((id) => {
      const { address, publicKey } = hsm.wallet(id);
      const named = address.replace('eip155:31337:', 'eip155:11155111:');
      return `\n  - { id: hot-${id}, chain: 'eip155:11155111', signer: hsm, key: '${id}', address: '${named}', public_key: '${publicKey}', first_nonce: '0' }`;
    });
    const policy = foundingPolicy('station.example');
    const file = `${folder}-policy.yaml`;
    writeFileSync(file, ids.length === 0 ? policy : policy.replace('wallets: []', `wallets:${wallets.join('')}`));
    await makeStation({ folder, policy: file, trustDomain: undefined, names: [] });
    rmSync(join(folder, 'take-away'), { recursive: true });
    writeFileSync(join(folder, 'keys/hsm.pin'), `${hsm.pin}\n`, { mode: 0o600 });
    const config = join(folder, 'config.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/\nsigners:\n[\s\S]*$/, '\nsigners:\n'));
    appendFileSync(
      config,
      `  - name: hsm
    kind: pkcs11
    module: ${hsm.module}
    token: { label: test }
    pin: ${pin}
    environment: { SOFTHSM2_CONF: ${hsm.environment.SOFTHSM2_CONF} }
`,
    );
  }
  const doctor = () => ran('doctor', '--config', join(folder, 'config.yaml'));
  const token =
    /^ok {4}signer hsm: token test \([0-9a-f]{16}\), SoftHSM v2 2\.\d+ \(SoftHSM module 2\.\d+\); sessions: (?:\d+ open, )?no limit$/m;

  it('says which token it is, its module and sessions, and of each wallet that its key is fit', async () => {
    await station(['a1', 'b2']);
    const { out, code } = await doctor();
    expect(out).toMatch(token);
    for (const wallet of ['hot-a1', 'hot-b2']) expect(out).toMatch(new RegExp(`^ok {4}wallet ${wallet}: SoftHSM`, 'm'));
    expect(code).toBe(0);
  });

  it('says so before there is a wallet', async () => {
    await station([]);
    const { out, code } = await doctor();
    expect(out).toMatch(/^ok {4}signer hsm: no wallet of the policy is on it$/m);
    expect(out).toMatch(token);
    expect(code).toBe(0);
  });

  it('S6: says what is wrong with a wallet’s key', async () => {
    hsm.makeKey('c3', ['--extractable']);
    await station(['a1', 'c3']);
    const { out, code } = await doctor();
    expect(out).toMatch(/^ok {4}wallet hot-a1: /m);
    expect(out).toMatch(/^WRONG wallet hot-c3: hsm-key-unfit: the key c3 is CKA_EXTRACTABLE.*\n {6}See what/m);
    expect(code).toBe(1);
  });

  it('F4: tells of a PIN that was refused once, of the token alone, and not what it was', async () => {
    await station(['a1', 'b2']);
    writeFileSync(join(folder, 'keys/hsm.pin'), '98765432\n');
    const { out, code } = await doctor();
    expect(out.match(/hsm-pin-refused/g)).toHaveLength(1);
    expect(out).toMatch(/^WRONG signer hsm: hsm-pin-refused: .*CKR_PIN_INCORRECT\n {6}Correct the PIN/m);
    expect(out).not.toMatch(/98765432|wallet hot/);
    expect(code).toBe(1);
  });

  it('S8: names a module that others may write', async () => {
    await station(['a1']);
    const module = join(folder, 'module.so');
    copyFileSync(hsm.module, module);
    chmodSync(module, 0o666);
    const config = join(folder, 'config.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace(`module: ${hsm.module}`, `module: ${module}`));
    const { out, code } = await doctor();
    expect(out).toMatch(/^WRONG signer hsm: others may write .*module\.so \(mode 0666\)/m);
    expect(code).toBe(1);
  });

  it('tells of a credential that is not at hand, and goes on', async () => {
    await station(['a1'], '{ credential: hsm-pin }');
    const { out, code } = await doctor();
    expect(out).toMatch(/^WRONG signer hsm: .*the credential hsm-pin is not at hand.*\n {6}Correct what it names/m);
    expect(out).toContain('1 thing is wrong');
    expect(code).toBe(1);
  });
});
