/** What a message's fields are in JSON: the proto's declaration joined with the tables of Kubernetes' Go types. */
import protobuf from 'protobufjs';
import { inlined, renamed } from './names.ts';
import { pointers } from './pointers.ts';
import { required } from './required.ts';

export interface FieldShape {
  readonly number: number;
  /** The member of the JSON object. */
  readonly name: string;
  /** A scalar's name, or the full name of a message. */
  readonly type: string;
  readonly holds: 'one' | 'list' | 'map';
  /** Its members are members of the object around it. */
  readonly inline: boolean;
  /** JSON has it even when it is zero or empty, and a message without it means that. */
  readonly required: boolean;
  /** A zero on the wire was set by someone and stays. */
  readonly pointer: boolean;
}

export interface MessageShape {
  /** Without its package: `PodSpec`. */
  readonly name: string;
  /** In the order of their numbers. */
  readonly fields: readonly FieldShape[];
}

/** The shape of a loaded message. */
export function shapeOf(type: protobuf.Type): MessageShape {
  const fullName = type.fullName.slice(1);
  const packageName = fullName.slice(0, -type.name.length - 1);
  const names = (table: typeof pointers): string[] => table[packageName]?.[type.name]?.split(' ') ?? [];
  const always = names(required);
  const optional = names(pointers);
  const fields = type.fieldsArray.map((field): FieldShape => {
    field.resolve();
    return {
      number: field.id,
      name: renamed[fullName]?.[field.name] ?? field.name,
      type: field.resolvedType === null ? field.type : field.resolvedType.fullName.slice(1),
      holds: field instanceof protobuf.MapField ? 'map' : field.repeated ? 'list' : 'one',
      inline: inlined[fullName] === field.name,
      required: always.includes(field.name),
      pointer: optional.includes(field.name),
    };
  });
  return { name: type.name, fields: fields.sort((a, b) => a.number - b.number) };
}
