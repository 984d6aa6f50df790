package main

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
)

var applyChecks = []check{
	{"typed apply configurations own their fields", typedApply},
	{"what a manager owns is extracted again", extracted},
}

func applied(name string, replicas int32) *appsapply.DeploymentApplyConfiguration {
	labels := map[string]string{"app": name}
	return appsapply.Deployment(name, "").WithSpec(appsapply.DeploymentSpec().
		WithReplicas(replicas).
		WithSelector(metaapply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(coreapply.PodTemplateSpec().WithLabels(labels).WithSpec(coreapply.PodSpec().
			WithContainers(coreapply.Container().WithName("main").WithImage("skiff/busybox:1").
				WithPorts(coreapply.ContainerPort().WithContainerPort(80))))))
}

func typedApply(ctx context.Context, w world) error {
	deployments := w.clients.AppsV1().Deployments(w.namespace)
	mine := applied("applied", 0)
	mine.Namespace = &w.namespace
	made, err := deployments.Apply(ctx, mine, metav1.ApplyOptions{FieldManager: "first"})
	if err != nil {
		return err
	}
	defer deployments.Delete(ctx, "applied", metav1.DeleteOptions{})
	again, err := deployments.Apply(ctx, mine, metav1.ApplyOptions{FieldManager: "first"})
	if err != nil {
		return err
	}
	if again.ResourceVersion != made.ResourceVersion {
		return fmt.Errorf("an apply of the same wrote: %v", again)
	}
	theirs := appsapply.Deployment("applied", w.namespace).WithSpec(appsapply.DeploymentSpec().WithReplicas(1))
	_, refused := deployments.Apply(ctx, theirs, metav1.ApplyOptions{FieldManager: "second"})
	if !apierrors.IsConflict(refused) || !apierrors.HasStatusCause(refused, metav1.CauseTypeFieldManagerConflict) {
		return fmt.Errorf("no conflict: %v", refused)
	}
	forced, err := deployments.Apply(ctx, theirs, metav1.ApplyOptions{FieldManager: "second", Force: true})
	if err != nil {
		return err
	}
	return must(*forced.Spec.Replicas == 1, "%+v", forced)
}

func extracted(ctx context.Context, w world) error {
	deployments := w.clients.AppsV1().Deployments(w.namespace)
	mine := applied("extracted", 0)
	mine.Namespace = &w.namespace
	made, err := deployments.Apply(ctx, mine, metav1.ApplyOptions{FieldManager: "owner"})
	if err != nil {
		return err
	}
	defer deployments.Delete(ctx, "extracted", metav1.DeleteOptions{})
	back, err := appsapply.ExtractDeployment(made, "owner")
	if err != nil {
		return err
	}
	c := back.Spec.Template.Spec.Containers
	if len(c) != 1 || *c[0].Image != "skiff/busybox:1" || *c[0].Ports[0].ContainerPort != 80 || c[0].ImagePullPolicy != nil {
		return fmt.Errorf("%+v", c)
	}
	back.WithLabels(map[string]string{"more": "yes"})
	after, err := deployments.Apply(ctx, back, metav1.ApplyOptions{FieldManager: "owner"})
	if err != nil {
		return err
	}
	return must(after.Labels["more"] == "yes" && len(after.Spec.Template.Spec.Containers) == 1, "%+v", after)
}
