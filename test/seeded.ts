import fc from 'fast-check';

/**
 * What is generated is the same in every run, so that a failure is everyone's, and yesterday's. `PORTCULLIS_SEED=random` looks
 * further, and a number looks there again; fast-check prints the seed of a property that failed.
 */
const wanted = process.env['PORTCULLIS_SEED'] ?? '20220117';
fc.configureGlobal(wanted === 'random' ? {} : { seed: Number(wanted) });
