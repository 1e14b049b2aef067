import { isAlias, isCollection, isNode, isScalar, parseDocument, visit } from 'yaml';
import { Malformed, shown } from '../domain/index.ts';

/** Deeper than any document of this program's. */
const depthMost = 16;

/**
 * Reads a YAML 1.2 text (core schema) strictly: one document, keys that are texts and stand once, no anchors, aliases, tags or
 * directives, so that what a person reads in it is what the program takes from it. Throws `Malformed` at `place`, with the line.
 */
export function parseYaml(text: string, place: string): unknown {
  if (/^%/m.test(text)) throw new Malformed(place, 'has a YAML directive (a line that starts with %): leave it out');
  checkDepth(text, place);
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    merge: false,
  });
  const [trouble] = document.errors;
  if (trouble !== undefined) {
    const [at] = trouble.linePos ?? [];
    throw new Malformed(place, `line ${at?.line ?? '?'}: ${firstLine(trouble.message)}`);
  }
  visit(document, {
    Pair: (_, pair) => {
      if (!isScalar(pair.key) || typeof pair.key.value !== 'string') {
        throw new Malformed(place, `the key ${shown(String(pair.key))} is not a text: put it in quotes`);
      }
    },
    Node: (_, node) => {
      if (isAlias(node)) throw new Malformed(place, `has the alias *${node.source}: write the value out`);
      if (isNode(node) && (isScalar(node) || isCollection(node))) {
        if (node.anchor !== undefined) throw new Malformed(place, `has the anchor &${node.anchor}: leave it out`);
        if (node.tag !== undefined) throw new Malformed(place, `has the tag ${shown(node.tag)}: leave it out`);
      }
    },
  });
  return document.toJS({ maxAliasCount: 0 });
}

/** The parser recurses: a file of brackets alone would overflow its stack before any of its own limits. */
function checkDepth(text: string, place: string): void {
  let flow = 0;
  for (const character of text) {
    if (character === '[' || character === '{') flow++;
    else if (character === ']' || character === '}') flow--;
    if (flow > depthMost) throw new Malformed(place, `is nested deeper than ${depthMost} levels`);
  }
  if (/^(?: {100}|(?:[?:-] +){16})/m.test(text)) throw new Malformed(place, 'is indented deeper than any member of it');
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
