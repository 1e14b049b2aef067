import { afterEach, describe, expect, it } from 'vitest';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { audit } from '../../src/custody/audit/audit.ts';
import { parseWithdrawalId, type WithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { accepting, tokenFor } from '../attacks/mfa-customers.ts';
import { thirdKey } from '../gate/whole-policy.ts';
import { type Customer, chain, ether, TestStation, walletId } from './station.ts';

// Two renderings instead of a screen, through a whole station: a wallet that wants evidence of two classes, or operators, above an amount.

const eth = 10n ** 18n;
const large = { amount: 2n * eth };
const lacks = 'needs one more factor of a class other than webauthn';
const two = { assertions: 2, classes: 2, enrolments: 1, webauthn: 0, hardware: 0 };

function policyWith(demand: string, more = ''): (document: string) => string {
  const services = accepting(undefined, 'webauthn: 1, accepts: [device, synced, mfa-service]');
  return (document) =>
    `${services(document).replace("first_nonce: '0' }", `first_nonce: '0', evidence: ${demand} }`)}${more}`;
}

const above = `above: [{ asset: '${ether}', amount: '${eth}' }]`;
const orOperators = `{ classes: 2, ${above}, or_operators: true }`;

describe('A5: above its amount, a wallet pays what two classes of evidence or a quorum of operators approved', () => {
  let station: TestStation;
  let alice: Customer;
  const open = async (demand: string, more = ''): Promise<void> => {
    station = await TestStation.open({ policy: policyWith(demand, more), operators: {} });
    alice = await station.ripeCustomer('alice');
  };
  afterEach(() => station.close());

  const sign = (id: string, value = large.amount) => station.sign([id], station.payment({ value }));
  const explained = async (id: string) => {
    const pays = [id as WithdrawalId];
    const request = { wallet: walletId, unsigned: station.payment({ value: large.amount }), pays, replaces: undefined };
    const { rules } = await station.custody.transactions.explain(request);
    return rules.find(({ rule }) => rule === 'evidence-for-wallet');
  };
  const approve = (names: readonly string[], id = 'w-1') => {
    // So that who signs again signs another intent.
    station.time.pass(1_000);
    return station.operators.act(names, 'approve', `withdrawal:${id}`);
  };

  it('is told before the customer approves, for exactly this amount', async () => {
    await open(orOperators);
    expect((await alice.prepare('w-1', { amount: eth })).evidenceWanted.wallets).toEqual([]);
    const { evidenceWanted } = await alice.prepare('w-2', { amount: eth + 1n });
    expect(evidenceWanted.wallets).toEqual([{ wallet: walletId, demand: two, operators: 2 }]);
    expect(evidenceWanted.summary).toContain(
      '; for hot-1 to pay it, also evidence of 2 different classes, or in its place the approval of 2 operators',
    );
  });

  it('is asked when it signs: one class is refused and told, two sign, and so does an amount that is not above', async () => {
    await open(`{ classes: 2, ${above} }`);
    await alice.authorize('w-1', large);
    await expect(sign('w-1')).rejects.toMatchObject({
      reason: 'attestation-insufficient',
      message: lacks,
      details: { wallet: walletId, withdrawal: 'w-1' },
    });
    expect(await explained('w-1')).toMatchObject({ passed: false, explanation: lacks });
    // Where operators are no way, they have nothing to approve.
    await expect(approve(['olivia'])).rejects.toMatchObject({ reason: 'act-subject-changed' });

    const { intent } = await alice.prepare('w-2', large);
    const attestations = [alice.attest(intent.digest), tokenFor(station, 'alice', intent.digest)];
    await station.custody.withdrawals.authorize({ intent: intent.bytes, attestations });
    expect(await explained('w-2')).toMatchObject({ passed: true });
    await expect(sign('w-2')).resolves.toMatchObject({ state: 'PERMITTED' });

    await alice.authorize('w-3', { amount: eth });
    const small = station.payment({ value: eth, nonce: 1 });
    await expect(station.sign(['w-3'], small)).resolves.toMatchObject({ state: 'PERMITTED' });
  });

  it('operators approve it in the place of evidence: a quorum, and the receipt tells who', async () => {
    await open(orOperators);
    expect(await alice.authorize('w-1', large)).toMatchObject({ state: 'AUTHORIZED', operators: 0 });
    const refusal = {
      reason: 'attestation-insufficient',
      message: `${lacks}; or the approval of 2 operators`,
      details: { wallet: walletId, operators: '2' },
    };
    await expect(sign('w-1')).rejects.toMatchObject(refusal);
    const prepared = await station.operators.prepare('approve', 'withdrawal:w-1');
    expect(prepared.description).toMatch(/^Approve withdrawal w-1: .*, in the place of evidence that hot-1 takes$/);
    await approve(['olivia']);
    await expect(sign('w-1')).rejects.toMatchObject(refusal);
    expect((await approve(['omar'])).act.state).toBe('DONE');
    expect(await explained('w-1')).toMatchObject({ passed: true });
    await expect(sign('w-1')).resolves.toMatchObject({ state: 'PERMITTED' });
    await station.settle();
    const id = parseWithdrawalId('w-1', 'id');
    expect(station.custody.withdrawals.get(id).state).toBe('SIGNED');
    const facts = verifyReceipt(await station.custody.journal.receipt(id), station.verifierKey);
    expect(facts.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['approved', 'attested', 'released', 'permitted', 'signed']),
    );
    expect(facts.map(({ what }) => what)).not.toContain('held');
    expect(facts.filter(({ what }) => what === 'released')).toHaveLength(1);
    expect(facts.find(({ what }) => what === 'released')?.sentence).toMatch(
      /^Operators approved it at \S+: olivia omar\.$/,
    );
  });

  it('I5: the database says of it what the journal says', async () => {
    await open(orOperators);
    await alice.authorize('w-1', large);
    await approve(['olivia', 'omar']);
    await sign('w-1');
    await station.settle();
    await station.stop();
    const found: unknown[] = [];
    audit({ file: station.file, stateKey: station.stateKey, logKey: station.verifierKey }, (f) => found.push(f));
    expect(found).toEqual([]);
    station.start();
  });

  it('D4: an approval counts while its operators stand; then others approve anew, also of what waits for its device', async () => {
    await open(orOperators);
    await alice.authorize('w-1', large);
    await approve(['olivia', 'omar']);
    // Enough is enough.
    await expect(approve(['oscar'])).rejects.toMatchObject({ reason: 'act-subject-changed' });
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    const { id } = await sign('w-1');
    await station.settle();
    await station.operators.sign('oscar', 'operators', 'suspend:omar', 'lost key');
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    const blocked = { state: 'PERMITTED', blockedBy: 'attestation-insufficient' };
    expect(station.custody.transactions.get(id)).toMatchObject(blocked);
    expect(station.signer.seen).toEqual([]);
    await approve(['olivia', 'oscar']);
    station.signer.changed();
    await station.settle();
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'SIGNED' });
  });

  it('who approves is asked for nothing of an amount that is not above, nor after it was paid', async () => {
    await open(orOperators);
    await alice.authorize('w-1', { amount: eth });
    await expect(approve(['olivia'])).rejects.toMatchObject({ reason: 'act-subject-changed' });
    await alice.authorize('w-2', large);
    await approve(['olivia'], 'w-2');
    await approve(['omar'], 'w-2');
    await sign('w-2');
    await station.settle();
    await expect(approve(['olivia'], 'w-2')).rejects.toMatchObject({ reason: 'act-subject-changed' });
  });

  it('of one that a wallet pays already, what another one takes is nobody’s question', async () => {
    const twin = (document: string) =>
      document.replace(/^ {2}- \{ id: hot-1.*$/m, (line) => {
        const other = line
          .replace('hot-1', 'hot-2')
          .replace(/public_key: '[0-9a-f]*'/, `public_key: '${thirdKey}'`)
          .replace(/address: '[^']*'/, `address: '${chain}:${addressOfKey(thirdKey)}'`);
        return `${line}\n${other.replace("first_nonce: '0'", `first_nonce: '0', evidence: ${orOperators.replace('classes', 'webauthn')}`)}`;
      });
    station = await TestStation.open({ policy: twin, operators: {} });
    alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1', large);
    expect((await station.operators.prepare('approve', 'withdrawal:w-1')).description).toContain('that hot-2 takes');
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    await expect(sign('w-1')).resolves.toMatchObject({ state: 'PERMITTED' });
    await expect(approve(['olivia'])).rejects.toMatchObject({ reason: 'act-subject-changed' });
  });

  it('operators who let a held one go have approved it for the wallet, too', async () => {
    await open(orOperators, `\nbands: [{ asset: '${ether}', above: '${eth}', operators: 2 }]\n`);
    const prepared = await alice.prepare('w-1', large);
    expect(prepared).toMatchObject({ held: { operators: 2 }, evidenceWanted: { wallets: [] } });
    expect(await alice.authorize('w-1', large)).toMatchObject({ state: 'HELD', operators: 2 });
    await approve(['olivia', 'omar']);
    await expect(sign('w-1')).resolves.toMatchObject({ state: 'PERMITTED' });
  });

  it('where a hold took fewer, the quorum approves it anew for the wallet', async () => {
    await open(orOperators, `\nbands: [{ asset: '${ether}', above: '${eth}', operators: 1 }]\n`);
    expect((await alice.prepare('w-1', large)).evidenceWanted.wallets).toMatchObject([{ operators: 2 }]);
    await alice.authorize('w-1', large);
    await approve(['olivia']);
    expect(station.custody.withdrawals.get(parseWithdrawalId('w-1', 'id')).state).toBe('AUTHORIZED');
    await expect(sign('w-1')).rejects.toMatchObject({ reason: 'attestation-insufficient' });
    await approve(['olivia', 'omar']);
    await expect(sign('w-1')).resolves.toMatchObject({ state: 'PERMITTED' });
  });
});
