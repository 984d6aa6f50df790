/** Label selectors and node selectors, where they stand in objects. */
import { checkDns1123Subdomain, checkLabelValue, checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { LabelSelector, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../kinds/types.ts';
import { addLabels } from './metadata.ts';
import { addEach, type Faults, type Loose } from './support.ts';

/** The object form of a label selector. */
export function addLabelSelector(faults: Faults, selector: Loose<LabelSelector> | undefined, path: string): void {
  if (selector === undefined) return;
  addLabels(faults, selector.matchLabels, `${path}.matchLabels`);
  for (const [index, one] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    const values = one.values ?? [];
    if (one.operator === 'In' || one.operator === 'NotIn') {
      if (values.length === 0) {
        faults.push(field.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
    } else if (one.operator === 'Exists' || one.operator === 'DoesNotExist') {
      if (values.length > 0) {
        const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        faults.push(field.forbidden(`${at}.values`, why));
      }
    } else faults.push(field.invalid(`${at}.operator`, one.operator ?? '', 'not a valid selector operator'));
    addEach(faults, `${at}.key`, one.key ?? '', checkQualifiedName(one.key ?? ''));
    for (const [place, value] of values.entries()) {
      addEach(faults, `${at}.values[${place}]`, value, checkLabelValue(value));
    }
  }
}

/** True when a selector has no requirement at all. */
export function isEmptySelector(selector: Loose<LabelSelector>): boolean {
  return Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
}

/** `requiredDuringScheduling…`, and a volume's node affinity. */
export function addNodeSelector(faults: Faults, selector: Loose<NodeSelector> | undefined, path: string): void {
  const terms = selector?.nodeSelectorTerms ?? [];
  if (terms.length === 0) {
    faults.push(field.required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term'));
  }
  for (const [index, term] of terms.entries()) {
    const at = `${path}.nodeSelectorTerms[${index}]`;
    addNodeSelectorTerm(faults, term, at);
    addRequiredValues(faults, term, at);
  }
}

/** A value that no label can have is a mistake where it is required; a preference for it does no harm. */
function addRequiredValues(faults: Faults, term: Loose<NodeSelectorTerm>, path: string): void {
  for (const [index, { values = [] }] of (term.matchExpressions ?? []).entries()) {
    for (const [place, value] of values.entries()) {
      addEach(faults, `${path}.matchExpressions[${index}].values[${place}]`, value, checkLabelValue(value));
    }
  }
}

export function addNodeSelectorTerm(faults: Faults, term: Loose<NodeSelectorTerm>, path: string): void {
  for (const [index, one] of (term.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    addRequirement(faults, one, at);
    addEach(faults, `${at}.key`, one.key ?? '', checkQualifiedName(one.key ?? ''));
  }
  for (const [index, one] of (term.matchFields ?? []).entries())
    addFieldRequirement(faults, one, `${path}.matchFields[${index}]`);
}

function addRequirement(faults: Faults, one: Loose<NodeSelectorRequirement>, path: string): void {
  const values = one.values ?? [];
  switch (one.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        faults.push(field.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      return;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        faults.push(field.forbidden(`${path}.values`, why));
      }
      return;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        faults.push(field.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      }
      return;
    default:
      faults.push(field.invalid(`${path}.operator`, one.operator ?? '', 'not a valid selector operator'));
  }
}

/** Only a node's name can be matched as a field, and by one value. */
function addFieldRequirement(faults: Faults, one: Loose<NodeSelectorRequirement>, path: string): void {
  if (one.operator !== 'In' && one.operator !== 'NotIn') {
    faults.push(field.invalid(`${path}.operator`, one.operator ?? '', 'not a valid selector operator'));
  } else if ((one.values ?? []).length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    faults.push(field.required(`${path}.values`, why));
  }
  if (one.key !== 'metadata.name') {
    faults.push(field.invalid(`${path}.key`, one.key ?? '', 'not a valid field selector key'));
  } else {
    for (const [index, value] of (one.values ?? []).entries())
      addEach(faults, `${path}.values[${index}]`, value, checkDns1123Subdomain(value));
  }
}
