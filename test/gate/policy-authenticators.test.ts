import { describe, expect, it } from 'vitest';
import { onlyTightens, policyChanges, sayPolicy } from '../../src/gate/policy.ts';
import { testAuthorities, testLeaf } from './test-authorities.ts';
import { type Json, wholePolicy } from './whole-policy.ts';

const said = (changes: Record<string, Json | undefined> = {}): string =>
  sayPolicy(wholePolicy(changes))
    .filter(({ title }) => title === 'Which authenticators are hardware')
    .flatMap(({ sentences }) => sentences)
    .join(' ');

describe('A5: which authenticators are hardware', () => {
  it('none are unless policy pins somebody who attests them', () => {
    const { authenticators } = wholePolicy({ authenticators: undefined });
    expect(authenticators).toEqual({ authorities: [], models: undefined, metadata: undefined });
    expect(said({ authenticators: undefined })).toBe(
      'No authenticator is of class hardware: nobody’s attestation is trusted.',
    );
  });

  it('is said in English, with whom it rests on', () => {
    const text = said();
    expect(text).toMatch(/leads to one \([0-9a-f]{64}\) and two \([0-9a-f]{64}\)\./);
    expect(text).toContain('Only these models (AAGUID) are hardware: 00000000-0000-4000-8000-000000000001 and');
    expect(text).toContain('a model is FIDO_CERTIFIED_L1 or better; a model that they do not list is not hardware');
    expect(text).toContain('the authorities that they name are not believed; 30 days after the next ones are due');
    const wide = said({ 'authenticators.metadata.unlisted': 'accept', 'authenticators.metadata.roots': 'believed' });
    expect(wide).toContain('and what the FIDO metadata name for its model.');
    expect(wide).toContain('is hardware all the same; the authorities that they name for a model are believed');
  });

  it.each([
    [{ 'authenticators.roots': 'one' }, 'policy.authenticators.roots: expected a list'],
    [{ 'authenticators.roots[0].name': 'o\u202ene' }, 'roots[0].name: expected a name'],
    [{ 'authenticators.roots[0].name': 'two' }, 'policy.authenticators.roots: "two" stands twice'],
    [{ 'authenticators.roots[0].certificate': testAuthorities.two }, 'stands twice'],
    [{ 'authenticators.roots[0].certificate': testLeaf }, 'is no authority’s certificate'],
    [
      { 'authenticators.roots[0].certificate': `${testAuthorities.one}${testAuthorities.three}` },
      'expected one certificate',
    ],
    [{ 'authenticators.roots[0].certificate': '-----BEGIN PRIVATE KEY-----' }, 'something other than certificates'],
    [{ 'authenticators.roots[0].certificate': 'none' }, 'expected one certificate'],
    [{ 'authenticators.roots[0].format': 'packed' }, 'roots[0].format: is not a member'],
    [{ 'authenticators.aaguids[0]': '00000000-0000-0000-0000-000000000000' }, 'aaguids[0]: is no model’s'],
    [
      { 'authenticators.aaguids[0]': 'A0000000-0000-4000-8000-000000000001' },
      'aaguids[0]: expected a UUID in lowercase',
    ],
    [{ 'authenticators.aaguids[0]': '00000000-0000-4000-8000-000000000002' }, 'stands twice'],
    [{ 'authenticators.roots': undefined }, 'policy.authenticators.roots: is missing: a model counts only where'],
    [{ 'authenticators.metadata.root': testLeaf }, 'metadata.root: is no authority’s'],
    [{ 'authenticators.metadata.certification': 'FIDO_CERTIFIED_L9' }, 'metadata.certification: expected one of'],
    [{ 'authenticators.metadata.unlisted': 'maybe' }, 'metadata.unlisted: expected one of refuse, accept'],
    [{ 'authenticators.metadata.grace': undefined }, 'metadata.grace: is missing'],
    [{ 'authenticators.metadata.roots': true }, 'metadata.roots: expected a text'],
    [{ 'authenticators.metadata.url': 'https://mds3.fidoalliance.org' }, 'metadata.url: is not a member'],
    [{ 'authenticators.pins': [] }, 'policy.authenticators.pins: is not a member'],
  ])('refuses a policy with %j', (changes, message) => {
    expect(() => wholePolicy(changes as Record<string, Json | undefined>)).toThrow(message);
  });

  it('lists models without pinned roots where the metadata’s are believed', () => {
    const changes = { 'authenticators.roots': undefined, 'authenticators.metadata.roots': 'believed' };
    expect(wholePolicy(changes).authenticators.models).toHaveLength(2);
  });

  it.each([
    ['tighten where they only refuse', 'ignored', true],
    ['loosen where whom they name is believed', 'believed', false],
  ])('I3: metadata that come %s', (_, roots, tightens) => {
    const was = wholePolicy({ 'authenticators.metadata': undefined });
    expect(onlyTightens(policyChanges(was, wholePolicy({ 'authenticators.metadata.roots': roots })))).toBe(tightens);
  });

  it('I3: a list of models that comes tightens', () => {
    expect(onlyTightens(policyChanges(wholePolicy({ 'authenticators.aaguids': undefined }), wholePolicy()))).toBe(true);
  });
});
