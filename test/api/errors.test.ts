import { Metadata, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultFacts, outgoing, printable, type refusalStatus, statusOf } from '../../src/api/errors.ts';
import { Malformed, type Reason, Refusal, reasons } from '../../src/domain/index.ts';
import { errorView } from './served.ts';

const view = (sent: ReturnType<typeof refusalStatus>) =>
  errorView(
    Object.assign(new Error(sent.details), { code: sent.code, details: sent.details, metadata: sent.metadata }),
  );
const silent = (): void => {};

describe('errors', () => {
  it.each(Object.keys(reasons) as Reason[])('%s has the code of the catalogue and its tag in ErrorInfo', (reason) => {
    const seen = view(statusOf(new Refusal(reason, undefined, { not_before: '2022' }), '/x', silent));
    expect(status[seen.code]).toBe(reasons[reason].code);
    expect(seen).toMatchObject({ reason, domain: 'portcullis', metadata: { not_before: '2022' }, field: undefined });
    expect(seen.message).toMatch(/^[\x20-\x7e]+$/);
  });

  it('a malformed field is named in BadRequest', () => {
    const error = new Malformed('amount', 'is too much').within('intent');
    expect(view(statusOf(error, '/x', silent))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'malformed',
      field: 'intent.amount',
      metadata: { field: 'intent.amount' },
      message: 'intent.amount: is too much',
    });
  });

  it('a malformed field with a reason of its own keeps that reason’s code', () => {
    const error = new Malformed('raw_id', 'differs', 'credential-mismatch');
    expect(view(statusOf(error, '/x', silent))).toMatchObject({
      code: status.PERMISSION_DENIED,
      reason: 'credential-mismatch',
      field: 'raw_id',
    });
  });

  it.each([
    ['an error', new TypeError('secret 0xdeadbeef')],
    ['an error that has a gRPC code', Object.assign(new Error('secret'), { code: status.OK, details: 'secret' })],
    ['a string', 'secret'],
    ['nothing', undefined],
    ['a null', null],
    ['something that looks like a refusal', { name: 'Refusal', reason: 'frozen', message: 'secret', details: {} }],
  ])('S9: of %s that nobody foresaw the caller learns nothing but that it happened', (_, thrown) => {
    const logged: string[] = [];
    const seen = view(statusOf(thrown, '/service/Method', (event) => logged.push(event)));
    expect(seen).toMatchObject({
      code: status.INTERNAL,
      reason: 'internal',
      message: printable(reasons.internal.sentence),
    });
    expect(JSON.stringify(seen)).not.toContain('secret');
    expect(logged).toEqual(['call-failed']);
  });

  it('S10: what the log gets of a fault is escaped and cut', () => {
    const facts = faultFacts(new Error(`line\nbreak \u202e ${'x'.repeat(500)}`));
    for (const value of Object.values(facts)) {
      expect(value).toMatch(/^[\x20-\x7e…]*$/);
      expect(value.length).toBeLessThan(1_200);
    }
  });

  it('S10: whatever text a refusal holds, message and details are short lines of printable ASCII', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3_000 });
    fc.assert(
      fc.property(text, text, fc.dictionary(text, text, { maxKeys: 40 }), (message, field, details) => {
        for (const error of [new Refusal('frozen', message, details), new Malformed(field, message)]) {
          const sent = outgoing(statusOf(error, '/x', silent));
          const seen = view(sent);
          for (const shown of [seen.message, ...Object.entries(seen.metadata).flat(), seen.field ?? '']) {
            expect(shown).toMatch(/^[\x20-\x7e]*$/);
          }
          expect(() => encodeURI(sent.details)).not.toThrow();
          // In base64 and beside the message once more, below the 8 KiB of trailers that clients accept.
          expect(Buffer.concat(sent.metadata.get('grpc-status-details-bin') as Buffer[]).length).toBeLessThan(5_000);
        }
      }),
    );
  });

  it('S2: the longest refusal fits into the trailers that clients accept', () => {
    const long = '\u202e'.repeat(3_000);
    const details = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i} ${long}`, long]));
    for (const error of [new Refusal('frozen', long, details), new Malformed(long, long)]) {
      const sent = statusOf(error, '/x', silent);
      expect(Object.keys(view(sent).metadata).length).toBeLessThanOrEqual(12);
      expect(Buffer.concat(sent.metadata.get('grpc-status-details-bin') as Buffer[]).length).toBeLessThan(5_000);
    }
  });

  it('a status that is not ours leaves as UNKNOWN never, as INTERNAL only for the station’s own faults', () => {
    const out = (code: status | undefined, details: string) =>
      outgoing({ ...(code === undefined ? {} : { code }), details, metadata: new Metadata() });
    expect(out(status.UNKNOWN, 'Unknown error').code).toBe(status.INTERNAL);
    expect(out(undefined, 'x').code).toBe(status.INTERNAL);
    expect(out(status.INTERNAL, 'Error serializing response: secret').details).toBe(
      printable(reasons.internal.sentence),
    );
    expect(out(status.INTERNAL, 'Failed to decompress message').code).toBe(status.INVALID_ARGUMENT);
    expect(out(status.INTERNAL, 'Invalid grpc-timeout value "x"').code).toBe(status.INVALID_ARGUMENT);
    expect(out(status.OK, 'OK').code).toBe(status.OK);
    expect(out(status.NOT_FOUND, 'lone \ud800').details).toBe('lone \\u{d800}');
  });
});
