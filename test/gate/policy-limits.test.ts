import { describe, expect, it } from 'vitest';
import { Malformed } from '../../src/domain/index.ts';
import { ether } from '../custody/station.ts';
import { foundOperators } from '../custody/test-operators.ts';
import { policyOf } from './hand-made.ts';

const limit = `limits: [{ scope: account, window: day, asset: '${ether}', most: '1', action: hold }]\n`;
const hours = "hours: { days: [mon], from: '09:00', to: '17:00', action: hold }\n";

describe('a policy that holds', () => {
  it.each([
    ['limits', limit],
    ['hours', hours],
  ])('names the operators who could approve: %s', (_, member) => {
    expect(() => policyOf((document) => document + member)).toThrow(Malformed);
    const founded = (document: string): string => document + member + foundOperators({}).member;
    expect(policyOf(founded).operators?.quorum).toBe(2);
    expect(policyOf((document) => document + member.replaceAll('hold', 'refuse')).operators).toBeUndefined();
  });
});
