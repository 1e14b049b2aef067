import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Role, roles } from '../../src/api/roles.ts';
import { methods, type Served, sendBytes, serve } from './served.ts';

// Design §6, written out again: whoever changes a right has to say so here too.
const table: Readonly<Record<string, readonly Role[]>> = {
  WithdrawalService: ['withdrawals'],
  TransactionService: ['withdrawals'],
  DestinationService: ['withdrawals'],
  FactorService: ['withdrawals'],
  OperatorService: ['operators'],
  NoticeService: ['courier'],
  'JournalService/GetCheckpoint': ['auditors', 'withdrawals'],
  'JournalService/GetReceipt': ['auditors', 'withdrawals'],
  'JournalService/GetEntries': ['auditors'],
  'JournalService/StreamEntries': ['auditors'],
  'JournalService/GetTile': ['auditors'],
  'JournalService/GetEntriesTile': ['auditors'],
  'JournalService/GetCheckpointForWitness': ['auditors', 'courier'],
  'JournalService/AddCosignatures': ['auditors', 'courier'],
  'JournalService/SubmitCheckpoint': ['auditors', 'courier'],
  'JournalService/GetCosignedCheckpoint': ['auditors', 'courier'],
};

const short = (path: string): string => path.replace('/portcullis.v1.', '');

function allowed(path: string): readonly Role[] {
  const [service = ''] = short(path).split('/');
  return table[short(path)] ?? table[service] ?? [];
}

describe('S1: each method is served to its roles and to nobody else', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve();
  });
  afterAll(() => served.close());

  it('knows 51 methods, each with a role', () => {
    expect(methods).toHaveLength(51);
    for (const { path } of methods) expect(allowed(path), path).not.toEqual([]);
  });

  it.each(roles)('%s', async (role) => {
    const main = await served.client(role, 'main');
    const operators = await served.client(role, 'operators');
    for (const method of methods) {
      const ofOperators = method.path.includes('OperatorService');
      // Bytes that are no message: whoever is let in is told INVALID_ARGUMENT, and nothing is asked of custody.
      const error = await sendBytes(ofOperators ? operators : main, method, Buffer.from([0xff]));
      const verdict = `${role} ${short(method.path)}: ${status[error?.code ?? 0]} ${error?.reason}`;
      const expected = allowed(method.path).includes(role)
        ? 'INVALID_ARGUMENT malformed'
        : // The operators' listener lets nobody else connect.
          ofOperators && role !== 'operators'
          ? 'UNAVAILABLE undefined'
          : 'PERMISSION_DENIED role-denied';
      expect(verdict).toBe(`${role} ${short(method.path)}: ${expected}`);
      // The other listener does not have the method at all.
      if (!ofOperators && role !== 'operators') continue;
      const elsewhere = await sendBytes(ofOperators ? main : operators, method, Buffer.from([0xff]));
      expect(elsewhere?.code, `${short(method.path)} on the other listener`).toBe(status.UNIMPLEMENTED);
    }
    expect(served.fake.asked).toEqual([]);
  });

  it('a method that stands in no table is served to nobody', async () => {
    const client = await served.client('operators');
    for (const path of ['/portcullis.v1.OperatorService/SignHash', '/portcullis.v1.Nothing/At', '/']) {
      const error = await sendBytes(client, { path, responseStream: false }, Buffer.alloc(0));
      expect(error?.code).toBe(status.UNIMPLEMENTED);
    }
  });

  it('says who was turned away', () => {
    const facts = served.logged.find(({ event }) => event === 'role-denied')?.facts;
    expect(facts).toMatchObject({ role: 'withdrawals', name: 'test-withdrawals' });
  });
});
