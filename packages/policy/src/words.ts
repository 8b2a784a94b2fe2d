/** Conditions in words, for people who read a decision or a difference. Names and literals of the policy, no values. */
import type { Condition, Operand } from './condition.ts';

/** `resource.ownerId is principal.id and resource.status is not "void"` */
export function inWords(condition: Condition, relation = ''): string {
  const say = (operand: Operand): string => operandInWords(operand, relation);
  switch (condition.op) {
    case 'always':
      return 'always';
    case 'eq':
      return `${say(condition.left)} is ${say(condition.right)}`;
    case 'in':
      return `${say(condition.item)} is ${amongWords(condition.list, relation)}`;
    case 'absent':
      return `${say(condition.of)} is absent`;
    case 'and':
    case 'or':
      return joinWords(condition, relation);
    case 'not':
      return negationInWords(condition.of, relation);
    case 'some':
      return `resource.${condition.relation} has one where ${inner(condition.of, condition.relation)}`;
  }
}

function operandInWords(operand: Operand, relation: string): string {
  if (operand.from === 'literal') return JSON.stringify(operand.value);
  return operand.from === 'related' ? `${relation}.${operand.name}` : `${operand.from}.${operand.name}`;
}

function amongWords(list: Operand, relation: string): string {
  if (list.from !== 'literal') return `among ${operandInWords(list, relation)}`;
  const values = (list.value as readonly unknown[]).map((value) => JSON.stringify(value));
  return values.length === 1 ? (values[0] as string) : `one of ${values.join(', ') || 'none'}`;
}

function joinWords({ op, of }: Extract<Condition, { op: 'and' | 'or' }>, relation: string): string {
  if (of.length === 0) return op === 'and' ? 'always' : 'never';
  return of.map((part) => (of.length === 1 ? inWords(part, relation) : inner(part, relation))).join(` ${op} `);
}

/** In parentheses where it could be misread. */
function inner(condition: Condition, relation: string): string {
  const isJoined = (condition.op === 'and' || condition.op === 'or') && condition.of.length > 1;
  const words = inWords(condition, relation);
  return isJoined || condition.op === 'some' ? `(${words})` : words;
}

function negationInWords(of: Condition, relation: string): string {
  const say = (operand: Operand): string => operandInWords(operand, relation);
  switch (of.op) {
    case 'always':
      return 'never';
    case 'eq':
      return `${say(of.left)} is not ${say(of.right)}`;
    case 'in':
      return `${say(of.item)} is not ${amongWords(of.list, relation)}`;
    case 'absent':
      return `${say(of.of)} is there`;
    case 'some':
      return `resource.${of.relation} has none where ${inner(of.of, of.relation)}`;
    default:
      return `not (${inWords(of, relation)})`;
  }
}
