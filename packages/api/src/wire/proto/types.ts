/** Messages as the codec sees them: declarations with their types resolved. */
import type { Declarations, FieldDeclaration } from './declarations.ts';

const scalars = ['string', 'bytes', 'bool', 'int32', 'uint32', 'int64'] as const;
type Scalar = (typeof scalars)[number];

interface Common {
  readonly name: string;
  readonly number: number;
  readonly repeated: boolean;
  /** The other members of its oneof; undefined outside of one. */
  readonly rivals: readonly string[] | undefined;
}

export type Field = Common &
  (
    | { readonly kind: Scalar }
    | {
        readonly kind: 'enum';
        readonly values: ReadonlyMap<string, number>;
        readonly names: ReadonlyMap<number, string>;
      }
    | { readonly kind: 'message'; readonly type: MessageType }
  );

export interface MessageType {
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
}

/** What is written with a length in front of it. */
export const isDelimited = ({ kind }: Pick<Field, 'kind'>): boolean =>
  kind === 'string' || kind === 'bytes' || kind === 'message';

/** Looks a message up among the declarations. Throws an Error for one that nobody declares, or that says what the codec does not know. */
export function messageTypes({
  messages,
  enums,
}: Pick<Declarations, 'messages' | 'enums'>): (name: string) => MessageType {
  const known = new Map<string, MessageType>();
  const open = new Set<string>();

  const typeOf = (name: string): MessageType => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const declared = messages.get(name);
    if (declared === undefined) throw new Error(`no message ${name} is declared`);
    if (open.has(name)) throw new Error(`${name} is within itself: a stranger's could be of any depth`);
    open.add(name);
    const fields = declared.map((one) => fieldOf(one, declared));
    open.delete(name);
    const type = { fields, byNumber: new Map(fields.map((field) => [field.number, field])) };
    known.set(name, type);
    return type;
  };

  const fieldOf = (declared: FieldDeclaration, among: readonly FieldDeclaration[]): Field => {
    const { name, number, repeated, oneof, type } = declared;
    const rivals = oneof === undefined ? undefined : membersOf(oneof, among).filter((member) => member !== name);
    const common = { name, number, repeated, rivals };
    const scalar = scalars.find((one) => one === type);
    const values = enums.get(type);
    if (repeated && (values !== undefined || (scalar !== undefined && !isDelimited({ kind: scalar }))))
      throw new Error(`${name}: lists of ${type} are packed, which the codec does not know`);
    if (scalar !== undefined) return { ...common, kind: scalar };
    if (values === undefined) return { ...common, kind: 'message', type: typeOf(type) };
    return { ...common, kind: 'enum', values, names: new Map([...values].map(([text, value]) => [value, text])) };
  };

  return typeOf;
}

const membersOf = (oneof: string, among: readonly FieldDeclaration[]): string[] =>
  among.filter((one) => one.oneof === oneof).map(({ name }) => name);
