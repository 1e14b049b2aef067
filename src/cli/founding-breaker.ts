/**
 * The circuit breaker that `init`'s policy has: what each rule may count at most was tuned on simulated months of an exchange with 10,000
 * active accounts (docs/station.md, "Circuit breaker").
 */
export const foundingBreaker = `# The circuit breaker: what freezes by itself, at once, when more than so many of these come within an hour, a day or a week. Set
# for some 10,000 active accounts ("bench/breaker.ts" simulates yours). Adding or lowering acts at once; raising ripens. Not yet:
#   - { watch: first-withdrawals, window: hour, above: 8, freeze: station }
# which would freeze a new station, whose customers all withdraw for the first time. Add it once most of them have.
breaker:
  - { watch: refusals, window: hour, above: 20, freeze: account }
  - { watch: attestation-failures, window: day, above: 20, freeze: account }
  - { watch: client-refusals, window: hour, above: 100, freeze: station }
  - { watch: shared-destination, window: hour, above: 5, freeze: destination }
  - { watch: shared-destination, window: day, above: 30, freeze: station }
  - { watch: outflow-share, window: day, above: 80, freeze: account }
  - { watch: device-refusals, window: hour, above: 8, freeze: wallet }
`;
