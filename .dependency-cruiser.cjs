// The rooms of the house and the arrows between them. An import that is not drawn here fails `npm run rooms`.
// Every room may import domain/, the words that all share.

/** room → the rooms (besides itself and domain/) that it may import */
const arrows = {
  domain: [],
  chains: [],
  attestation: [],
  gate: [],
  journal: [],
  clock: [],
  store: ['journal'],
  signers: ['store/permit\\.ts'],
  custody: ['gate', 'chains', 'attestation', 'journal', 'store', 'signers', 'clock'],
  api: ['custody', 'generated'],
  cli: [
    'custody',
    'generated',
    'config\\.ts',
    'signer-config\\.ts',
    'secret-file\\.ts',
    'sealing-keys\\.ts',
    'key-source\\.ts',
    'vaults\\.ts',
    'machine-time\\.ts',
    'signer-probe\\.ts',
    'usb-survey\\.ts',
    'main-network\\.ts',
  ],
};

/** Rooms that compute and never do I/O: the only part of Node that they may touch is its cryptography. */
const pure = ['domain', 'chains', 'attestation', 'gate', 'journal', 'clock'];

const roomRules = Object.entries(arrows).map(([room, targets]) => ({
  name: `${room}-imports-only-its-arrows`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^(src|simulators|test|bench|tools)/', pathNot: [room, 'domain', ...targets].map((t) => `^src/${t}`) },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'pure-rooms-do-no-io',
      severity: 'error',
      from: { path: `^src/(${pure.join('|')})/` },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'domain-knows-no-library',
      severity: 'error',
      from: { path: '^src/(domain|gate)/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer'] },
    },
    {
      name: 'composition-roots-are-not-imported',
      severity: 'error',
      from: {},
      to: { path: '^src/(daemon|dev)\\.ts$' },
    },
    {
      name: 'the-daemon-does-not-know-its-simulators',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/dev\\.ts$' },
      to: { path: '^(simulators|test|bench|tools)/' },
    },
    {
      name: 'simulators-reach-the-daemon-over-grpc-only',
      severity: 'error',
      from: { path: '^simulators/' },
      to: { path: '^src/', pathNot: '^src/generated/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nothing-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependency-in-the-daemon',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/dev\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
