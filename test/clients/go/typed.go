package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
)

var typedChecks = []check{
	{"a typed object comes back as it was sent", roundTrip},
	{"errors carry Kubernetes' reasons", reasons},
	{"an update of an old version conflicts, and is retried", conflict},
	{"a pager walks through chunks", pages},
	{"an expired continue token is told as such", expired},
	{"the scale subresource is read and written", scale},
	{"an eviction waits for its budget", eviction},
	{"generated names, dry runs and preconditions", preconditions},
	{"patches of all kinds", patches},
	{"reviews and tokens", reviews},
	{"deletecollection takes selectors", deleteCollection},
	{"status is a subresource", status},
}

func roundTrip(ctx context.Context, w world) error {
	maps := w.clients.CoreV1().ConfigMaps(w.namespace)
	made, err := maps.Create(ctx, configMap("round", "first"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer maps.Delete(ctx, "round", metav1.DeleteOptions{})
	got, err := maps.Get(ctx, "round", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if !equality.Semantic.DeepEqual(made, got) {
		return fmt.Errorf("created %v, read %v", made, got)
	}
	if !reflect.DeepEqual(got.BinaryData["bytes"], []byte{0, 1, 254, 255}) {
		return fmt.Errorf("bytes: %v", got.BinaryData)
	}
	return must(got.UID != "" && got.ResourceVersion != "" && !got.CreationTimestamp.IsZero() && len(got.ManagedFields) == 1,
		"metadata: %+v", got.ObjectMeta)
}

func reasons(ctx context.Context, w world) error {
	maps := w.clients.CoreV1().ConfigMaps(w.namespace)
	_, missing := maps.Get(ctx, "nobody", metav1.GetOptions{})
	if _, err := maps.Create(ctx, configMap("twice", "a"), metav1.CreateOptions{}); err != nil {
		return err
	}
	defer maps.Delete(ctx, "twice", metav1.DeleteOptions{})
	_, again := maps.Create(ctx, configMap("twice", "a"), metav1.CreateOptions{})
	_, wrong := maps.Create(ctx, configMap("Not A Name", "a"), metav1.CreateOptions{})
	_, nowhere := w.clients.CoreV1().ConfigMaps("no-such-place").Create(ctx, configMap("x", "a"), metav1.CreateOptions{})
	_, badContinue := maps.List(ctx, metav1.ListOptions{Continue: "nonsense"})
	switch {
	case !apierrors.IsNotFound(missing) || missing.Error() != `configmaps "nobody" not found`:
		return fmt.Errorf("not found: %v", missing)
	case !apierrors.IsAlreadyExists(again) || again.Error() != `configmaps "twice" already exists`:
		return fmt.Errorf("already exists: %v", again)
	case !apierrors.IsInvalid(wrong) || !apierrors.HasStatusCause(wrong, metav1.CauseTypeFieldValueInvalid):
		return fmt.Errorf("invalid: %v", wrong)
	case !apierrors.IsNotFound(nowhere) || nowhere.Error() != `namespaces "no-such-place" not found`:
		return fmt.Errorf("no namespace: %v", nowhere)
	case !apierrors.IsBadRequest(badContinue):
		return fmt.Errorf("bad continue: %v", badContinue)
	}
	var status apierrors.APIStatus
	return must(errors.As(wrong, &status) && status.Status().Details.Kind == "ConfigMap", "details: %v", wrong)
}

func conflict(ctx context.Context, w world) error {
	maps := w.clients.CoreV1().ConfigMaps(w.namespace)
	old, err := maps.Create(ctx, configMap("contended", "0"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer maps.Delete(ctx, "contended", metav1.DeleteOptions{})
	newer := old.DeepCopy()
	newer.Data["word"] = "1"
	if _, err := maps.Update(ctx, newer, metav1.UpdateOptions{}); err != nil {
		return err
	}
	tries := 0
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		tries++
		mine := old
		if tries > 1 {
			if mine, err = maps.Get(ctx, "contended", metav1.GetOptions{}); err != nil {
				return err
			}
		}
		mine.Data["word"] = "2"
		_, err := maps.Update(ctx, mine, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	return must(tries == 2, "%d tries", tries)
}

func pages(ctx context.Context, w world) error {
	maps := w.clients.CoreV1().ConfigMaps(w.namespace)
	defer maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "of=client-go"})
	for i := range 25 {
		if _, err := maps.Create(ctx, configMap(fmt.Sprintf("page-%02d", i), "x"), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	calls := 0
	p := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		calls++
		return maps.List(ctx, options)
	})
	p.PageSize = 10
	seen := []string{}
	err := p.EachListItem(ctx, metav1.ListOptions{LabelSelector: "of=client-go"}, func(o runtime.Object) error {
		seen = append(seen, o.(*corev1.ConfigMap).Name)
		return nil
	})
	if err != nil {
		return err
	}
	first, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "of=client-go", Limit: 10})
	if err != nil {
		return err
	}
	return must(calls == 3 && len(seen) == 25 && seen[24] == "page-24" && len(first.Items) == 10 && first.Continue != "",
		"%d calls, %v, first page %d", calls, seen, len(first.Items))
}

func expired(ctx context.Context, w world) error {
	// A version that every store has compacted or never had: Kubernetes' own token format (v, rv, start).
	token := "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhXHUwMDAwIn0"
	_, err := w.clients.CoreV1().ConfigMaps(w.namespace).List(ctx, metav1.ListOptions{Limit: 1, Continue: token})
	return must(err == nil || apierrors.IsResourceExpired(err) || apierrors.IsBadRequest(err), "%v", err)
}

func scale(ctx context.Context, w world) error {
	deployments := w.clients.AppsV1().Deployments(w.namespace)
	if _, err := deployments.Create(ctx, deployment("scaled", 0), metav1.CreateOptions{}); err != nil {
		return err
	}
	defer deployments.Delete(ctx, "scaled", metav1.DeleteOptions{})
	var s *autoscalingv1.Scale
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() (err error) {
		if s, err = deployments.GetScale(ctx, "scaled", metav1.GetOptions{}); err != nil {
			return err
		}
		s.Spec.Replicas = 1
		s, err = deployments.UpdateScale(ctx, "scaled", s, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	d, err := deployments.Get(ctx, "scaled", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return must(*d.Spec.Replicas == 1 && s.Status.Selector == "app=scaled", "%+v %+v", s, d.Spec.Replicas)
}

func eviction(ctx context.Context, w world) error {
	pods := w.clients.CoreV1().Pods(w.namespace)
	budgets := w.clients.PolicyV1().PodDisruptionBudgets(w.namespace)
	one := intstr.FromInt32(1)
	_, err := budgets.Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "budget"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: &one,
			Selector:     &metav1.LabelSelector{MatchLabels: map[string]string{"app": "evicted"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if _, err := pods.Create(ctx, pod("evicted"), metav1.CreateOptions{}); err != nil {
		return err
	}
	defer removed(ctx, w, "evicted")
	if err := untilReady(ctx, w, "evicted"); err != nil {
		return err
	}
	if err := until(ctx, func() (bool, error) {
		b, err := budgets.Get(ctx, "budget", metav1.GetOptions{})
		return err == nil && b.Status.CurrentHealthy == 1, err
	}); err != nil {
		return err
	}
	evict := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "evicted", Namespace: w.namespace}}
	refused := pods.EvictV1(ctx, evict)
	if !apierrors.IsTooManyRequests(refused) || !apierrors.HasStatusCause(refused, policyv1.DisruptionBudgetCause) {
		return fmt.Errorf("the budget refuses otherwise: %v", refused)
	}
	if err := budgets.Delete(ctx, "budget", metav1.DeleteOptions{}); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		err := pods.EvictV1(ctx, evict)
		return err == nil || apierrors.IsNotFound(err), nil
	})
}

func preconditions(ctx context.Context, w world) error {
	maps := w.clients.CoreV1().ConfigMaps(w.namespace)
	unnamed := configMap("", "x")
	unnamed.GenerateName = "made-"
	dry, err := maps.Create(ctx, unnamed, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return err
	}
	if _, err := maps.Get(ctx, dry.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("a dry run stored: %v", err)
	}
	made, err := maps.Create(ctx, unnamed, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	other := types.UID("00000000-0000-0000-0000-000000000000")
	err = maps.Delete(ctx, made.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	if !apierrors.IsConflict(err) {
		return fmt.Errorf("another's UID: %v", err)
	}
	return maps.Delete(ctx, made.Name, metav1.DeleteOptions{
		Preconditions:     &metav1.Preconditions{UID: &made.UID, ResourceVersion: &made.ResourceVersion},
		PropagationPolicy: ptr.To(metav1.DeletePropagationForeground),
	})
}

func patches(ctx context.Context, w world) error {
	deployments := w.clients.AppsV1().Deployments(w.namespace)
	if _, err := deployments.Create(ctx, deployment("patched", 0), metav1.CreateOptions{}); err != nil {
		return err
	}
	defer deployments.Delete(ctx, "patched", metav1.DeleteOptions{})
	for kind, body := range map[types.PatchType]string{
		types.JSONPatchType:           `[{"op":"add","path":"/metadata/labels","value":{"json":"yes"}}]`,
		types.MergePatchType:          `{"metadata":{"annotations":{"merge":"yes"}}}`,
		types.StrategicMergePatchType: `{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"A","value":"b"}]}]}}}}`,
		types.ApplyPatchType:          `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"patched","annotations":{"apply":"yes"}}}`,
	} {
		options := metav1.PatchOptions{FieldManager: "patcher"}
		if _, err := deployments.Patch(ctx, "patched", kind, []byte(body), options); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	d, err := deployments.Get(ctx, "patched", metav1.GetOptions{})
	if err != nil {
		return err
	}
	c := d.Spec.Template.Spec.Containers[0]
	return must(d.Labels["json"] == "yes" && d.Annotations["merge"] == "yes" && d.Annotations["apply"] == "yes" &&
		c.Image == "skiff/busybox:1" && c.Env[0].Value == "b", "%+v", d)
}

func reviews(ctx context.Context, w world) error {
	token, err := w.clients.CoreV1().ServiceAccounts(w.namespace).CreateToken(ctx, "default", &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To[int64](600)},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	review, err := w.clients.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: token.Status.Token},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	user := "system:serviceaccount:" + w.namespace + ":default"
	if !review.Status.Authenticated || review.Status.User.Username != user {
		return fmt.Errorf("token review: %+v", review.Status)
	}
	access, err := w.clients.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               user,
			ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "delete", Resource: "nodes"},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	self, err := w.clients.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	rules, err := w.clients.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: w.namespace},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return must(!access.Status.Allowed && self.Status.UserInfo.Username != "" && len(rules.Status.ResourceRules) > 0,
		"%+v %+v %+v", access.Status, self.Status, rules.Status)
}

func deleteCollection(ctx context.Context, w world) error {
	maps := w.clients.CoreV1().ConfigMaps(w.namespace)
	for _, name := range []string{"gone-1", "gone-2", "stays"} {
		m := configMap(name, "x")
		m.Labels["fate"] = name[:4]
		if _, err := maps.Create(ctx, m, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	if err := maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "fate=gone"}); err != nil {
		return err
	}
	left, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "fate"})
	if err != nil {
		return err
	}
	if len(left.Items) != 1 || left.Items[0].Name != "stays" {
		return fmt.Errorf("left: %v", left.Items)
	}
	return maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{FieldSelector: "metadata.name=stays"})
}

func status(ctx context.Context, w world) error {
	quotas := w.clients.CoreV1().ResourceQuotas(w.namespace)
	q, err := quotas.Create(ctx, &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "quota"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer quotas.Delete(ctx, "quota", metav1.DeleteOptions{})
	q.Labels = map[string]string{"written": "through-status"}
	q, err = quotas.UpdateStatus(ctx, q, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	return must(q.Labels["written"] == "through-status" || q.Labels == nil, "labels: %v", q.Labels)
}
