/** JSON Schemas of the specs: resolved references, merged parts, field lists and examples. */

/** The object that a `$ref` names, with the reference's own notes; anything else unchanged. */
export function resolve(spec, source) {
  if (!source || !source.$ref) return source || {};
  const { $ref, ...notes } = source;
  return { ...resolve(spec, $ref.replace('#/', '').split('/').reduce((part, name) => part[name], spec)), ...notes };
}

/** A schema merged with the parts of its `allOf`. */
function merge(spec, source) {
  const { allOf = [], ...own } = resolve(spec, source);
  return allOf.map((part) => merge(spec, part)).concat(own).reduce((all, part) => ({
    ...all, ...part,
    properties: { ...all.properties, ...part.properties },
    required: [...(all.required || []), ...(part.required || [])],
  }), {});
}

/** The type of a schema as text. */
export function typeOf(spec, source) {
  const schema = resolve(spec, source);
  const alternatives = schema.anyOf || schema.oneOf;
  if (alternatives) return [...new Set(alternatives.map((one) => typeOf(spec, one)))].join(' or ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(', ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const type = [schema.type || 'any'].flat().join(' or ');
  const limits = [schema.format, schema.maxLength && `at most ${schema.maxLength} characters`, schema.minimum !== undefined && `from ${schema.minimum}`, schema.maximum !== undefined && `to ${schema.maximum}`];
  const items = schema.type === 'array' && schema.items ? ` of ${typeOf(spec, schema.items)}` : '';
  return [type + items, ...limits.filter(Boolean)].join(', ');
}

/** The fields of an object with their nested fields, as dotted names. */
export function fields(spec, source, prefix = '', depth = 0) {
  const schema = merge(spec, source);
  if (schema.anyOf && !Object.keys(schema.properties).length) return fields(spec, schema.anyOf[0], prefix, depth);
  return Object.entries(schema.properties || {}).flatMap(([name, source]) => {
    const property = merge(spec, source);
    const nested = property.type === 'array' ? merge(spec, property.items) : property;
    const row = { name: prefix + name, type: typeOf(spec, source), required: schema.required.includes(name), description: property.description };
    const path = `${prefix}${name}${property.type === 'array' ? '[]' : ''}.`;
    return depth < 2 && Object.keys(nested.properties).length ? [row, ...fields(spec, nested, path, depth + 1)] : [row];
  });
}

/** An example with the required fields; values come from `samples` by name where it has one. */
export function example(spec, source, samples) {
  const schema = merge(spec, source);
  const included = Object.entries(schema.properties).filter(([name]) => schema.required.includes(name) || (schema.required.length === 0 && name in samples));
  return Object.fromEntries(included.map(([name, property]) => [name, name in samples ? samples[name] : exampleValue(spec, property, samples)]));
}

function exampleValue(spec, source, samples) {
  const schema = merge(spec, source);
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const type = [schema.type].flat()[0] || (schema.anyOf ? [resolve(spec, schema.anyOf[0]).type].flat()[0] : 'string');
  if (type === 'object') return example(spec, schema, samples);
  if (type === 'array') return [];
  return { integer: 1, number: 1, boolean: false, null: null }[type] ?? 'text';
}
