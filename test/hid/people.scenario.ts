import { benchOfFile } from './bench-of-file.ts';
import { people } from './scenarios/people.ts';

people(benchOfFile('people'));
