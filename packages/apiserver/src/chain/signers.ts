/** Who may have certificates approved and signed, and what nobody may ask for (Kubernetes' CertificateApproval, CertificateSigning and CertificateSubjectRestriction admission). */
import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { field, forbidden, invalid, type JsonObject } from '@skiff/api';
import { objectAt, own, same, textAt } from '../patch/values.ts';
import type { AdmissionRequest, AdmissionStep } from '../registry/contract.ts';
import { nameOf } from '../registry/meta.ts';
import type { Authoriser } from './attributes.ts';

const group = 'certificates.k8s.io';
const clientSigner = 'kubernetes.io/kube-apiserver-client';

/** The authoriser is made after the registry whose writes are judged. */
export const signersStep = (authoriser: () => Authoriser): AdmissionStep => ({
  name: 'CertificateSigners',
  validate(request) {
    const { target, object } = request;
    const isRequest = target.group === group && target.resource === 'certificatesigningrequests';
    return isRequest && object !== undefined ? judge(authoriser, request, object) : undefined;
  },
});

async function judge(authoriser: () => Authoriser, request: AdmissionRequest, object: JsonObject): Promise<void> {
  const { target, oldObject, operation } = request;
  if (operation === 'CREATE' && target.subresource === '') await checkRequest(request, object);
  if (operation !== 'UPDATE' || oldObject === undefined) return;
  const verb = target.subresource === 'approval' ? 'approve' : 'sign';
  if (target.subresource !== 'approval' && !(target.subresource === 'status' && issues(object, oldObject))) return;
  // The signer that is asked is the one that is stored, whatever the update says.
  const signer = textAt(oldObject, 'spec', 'signerName');
  if (await mayUse(authoriser(), request, verb, signer)) return;
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`;
  throw forbidden(target, nameOf(object), why);
}

const issues = (object: JsonObject, old: JsonObject): boolean =>
  ['certificate', 'conditions'].some((key) => !same(member(object, key), member(old, key)));

const member = (object: JsonObject, key: string) => own(objectAt(object, 'status') ?? {}, key);

/** Asks for the signer by its name, then for all of its domain. */
async function mayUse(authoriser: Authoriser, request: AdmissionRequest, verb: string, signer: string) {
  const [domain = ''] = signer.split('/');
  for (const name of [signer, `${domain}/*`]) {
    const asked = { group, version: '*', resource: 'signers', subresource: '', namespace: '', name, verb };
    const decision = await authoriser.decide(request.context.user, { type: 'resource', ...asked });
    if (decision.verdict === 'allow') return true;
  }
  return false;
}

/** The request is sound, its maker holds the key, and it does not ask to be an administrator. */
async function checkRequest({ target }: AdmissionRequest, object: JsonObject): Promise<void> {
  const text = textAt(object, 'spec', 'request');
  const refuse = (why: string) =>
    invalid({ group, kind: 'CertificateSigningRequest' }, nameOf(object), [field.invalid('spec.request', text, why)]);
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(Buffer.from(text, 'base64').toString('latin1'));
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  if (!(await request.verify().catch(() => false))) throw refuse('x509: signature verification failed');
  if (textAt(object, 'spec', 'signerName') !== clientSigner) return;
  if (request.subjectName.getField('O').includes('system:masters'))
    throw forbidden(target, nameOf(object), `use of ${clientSigner} signer with system:masters group is not allowed`);
}
