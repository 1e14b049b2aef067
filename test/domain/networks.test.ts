import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTestNetwork, parseChainId } from '../../src/domain/index.ts';

const chain = (value: string) => parseChainId(value, 'chain');

test.each(['eip155:31337', 'eip155:11155111', 'eip155:17000', 'eip155:560048'])('%s is a test network', (value) => {
  expect(isTestNetwork(chain(value))).toBe(true);
});

test.each([
  'eip155:1',
  'eip155:10',
  'eip155:8453',
  'eip155:031337',
  'eip155:1337',
  'bip122:000000000019d6689c085ae165831e93',
  'bip122:000000000933ea01ad0ee984209779ba',
  'cosmos:31337',
])('%s is not on the closed list, so it counts as a main network', (value) => {
  expect(isTestNetwork(chain(value))).toBe(false);
});

test('an unknown chain counts as a main network', () => {
  const known = ['31337', '11155111', '17000', '560048'];
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 20n }), (id) => {
      fc.pre(!known.includes(String(id)));
      expect(isTestNetwork(chain(`eip155:${id}`))).toBe(false);
    }),
  );
});
