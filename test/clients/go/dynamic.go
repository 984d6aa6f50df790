package main

import (
	"context"
	"fmt"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	scaleclient "k8s.io/client-go/scale"
)

var dynamicChecks = []check{
	{"discovery names every resource once, and a mapper maps kinds", discovered},
	{"the legacy discovery agrees with the aggregated one", legacyDiscovery},
	{"a dynamic client works with custom resources", customResources},
	{"a metadata client lists without bodies", metadataOnly},
	{"the scale client scales through discovery", scaleThroughDiscovery},
	{"OpenAPI tells of every group", openAPI},
	{"server-side tables", tables},
}

// Without the choice of an encoding: these clients make their own.
func plain(w world) *rest.Config {
	config := rest.CopyConfig(w.config)
	config.ContentType, config.AcceptContentTypes = "", ""
	return config
}

func discovered(ctx context.Context, w world) error {
	client, err := discovery.NewDiscoveryClientForConfig(plain(w))
	if err != nil {
		return err
	}
	groups, lists, err := client.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if len(groups) < 15 || len(lists) < 15 {
		return fmt.Errorf("%d groups, %d lists", len(groups), len(lists))
	}
	mapper := restmapper.NewShortcutExpander(
		restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client)), client, nil)
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	if err != nil {
		return err
	}
	short, err := mapper.ResourceFor(schema.GroupVersionResource{Resource: "deploy"})
	if err != nil {
		return err
	}
	singular, err := mapper.ResourceFor(schema.GroupVersionResource{Resource: "endpointslice"})
	if err != nil {
		return err
	}
	return must(mapping.Resource == short && short.Resource == "deployments" && mapping.Scope.Name() == "namespace" &&
		singular.Resource == "endpointslices", "%v %v %v", mapping, short, singular)
}

func legacyDiscovery(ctx context.Context, w world) error {
	client, err := discovery.NewDiscoveryClientForConfig(plain(w))
	if err != nil {
		return err
	}
	_, aggregated, err := client.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	legacy := client.WithLegacy()
	_, lists, err := legacy.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	return must(fmt.Sprint(names(aggregated)) == fmt.Sprint(names(lists)), "%v\n%v", names(aggregated), names(lists))
}

func names(lists []*metav1.APIResourceList) map[string]string {
	out := map[string]string{}
	for _, list := range lists {
		for _, r := range list.APIResources {
			// Client-go gives a subresource its resource's singular name when it reads the aggregated form.
			if strings.Contains(r.Name, "/") {
				r.SingularName = ""
			}
			out[list.GroupVersion+"/"+r.Name] = fmt.Sprint(r.Kind, r.SingularName, r.Namespaced, r.Verbs, r.ShortNames, r.Categories)
		}
	}
	return out
}

var (
	definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	gadgets     = schema.GroupVersionResource{Group: "client-go.skiff.example", Version: "v1", Resource: "gadgets"}
)

func definition() *unstructured.Unstructured {
	object := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "gadgets." + gadgets.Group},
		"spec": map[string]any{
			"group": gadgets.Group, "scope": "Namespaced",
			"names": map[string]any{"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema":       map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "properties": map[string]any{"spec": object, "status": object}}},
				"subresources": map[string]any{"status": map[string]any{}, "scale": map[string]any{"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
			}},
		},
	}}
}

func gadget(name string, replicas int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": gadgets.GroupVersion().String(), "kind": "Gadget",
		"metadata": map[string]any{"name": name}, "spec": map[string]any{"replicas": replicas},
	}}
}

// Runs `use` while the custom kind is served.
func withGadgets(ctx context.Context, w world, use func(client dynamic.Interface) error) error {
	client, err := dynamic.NewForConfig(plain(w))
	if err != nil {
		return err
	}
	if _, err := client.Resource(definitions).Create(ctx, definition(), metav1.CreateOptions{}); err != nil {
		return err
	}
	defer client.Resource(definitions).Delete(ctx, definition().GetName(), metav1.DeleteOptions{})
	if err := until(ctx, func() (bool, error) {
		_, err := client.Resource(gadgets).Namespace(w.namespace).List(ctx, metav1.ListOptions{})
		return err == nil, nil
	}); err != nil {
		return err
	}
	if err := use(client); err != nil {
		return err
	}
	if err := client.Resource(definitions).Delete(ctx, definition().GetName(), metav1.DeleteOptions{}); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		_, err := client.Resource(definitions).Get(ctx, definition().GetName(), metav1.GetOptions{})
		return err != nil, nil
	})
}

func customResources(ctx context.Context, w world) error {
	return withGadgets(ctx, w, func(client dynamic.Interface) error {
		mine := client.Resource(gadgets).Namespace(w.namespace)
		made, err := mine.Create(ctx, gadget("one", 3), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if err := unstructured.SetNestedField(made.Object, int64(2), "status", "replicas"); err != nil {
			return err
		}
		if made, err = mine.UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
			return err
		}
		applied, err := mine.Apply(ctx, "two", gadget("two", 1), metav1.ApplyOptions{FieldManager: "gadgeteer"})
		if err != nil {
			return err
		}
		list, err := mine.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=two"})
		if err != nil {
			return err
		}
		replicas, _, err := unstructured.NestedInt64(made.Object, "status", "replicas")
		if err != nil {
			return err
		}
		return must(replicas == 2 && made.GetGeneration() == 1 && applied.GetManagedFields()[0].Manager == "gadgeteer" &&
			len(list.Items) == 1 && list.GetKind() == "GadgetList", "%v %v %v", made, applied, list)
	})
}

func metadataOnly(ctx context.Context, w world) error {
	client, err := metadata.NewForConfig(plain(w))
	if err != nil {
		return err
	}
	if _, err := w.clients.CoreV1().ConfigMaps(w.namespace).Create(ctx, configMap("meta", "x"), metav1.CreateOptions{}); err != nil {
		return err
	}
	maps := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(w.namespace)
	defer maps.Delete(ctx, "meta", metav1.DeleteOptions{})
	list, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "of=client-go"})
	if err != nil {
		return err
	}
	one, err := maps.Get(ctx, "meta", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return must(len(list.Items) == 1 && list.Items[0].Name == "meta" && one.Labels["of"] == "client-go",
		"%+v %+v", list, one)
}

func scaleThroughDiscovery(ctx context.Context, w world) error {
	return withGadgets(ctx, w, func(client dynamic.Interface) error {
		if _, err := client.Resource(gadgets).Namespace(w.namespace).Create(ctx, gadget("scaled", 1), metav1.CreateOptions{}); err != nil {
			return err
		}
		found, err := discovery.NewDiscoveryClientForConfig(plain(w))
		if err != nil {
			return err
		}
		mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))
		scales, err := scaleclient.NewForConfig(plain(w), mapper, dynamic.LegacyAPIPathResolverFunc, scaleclient.NewDiscoveryScaleKindResolver(found))
		if err != nil {
			return err
		}
		var s *autoscalingv1.Scale
		if s, err = scales.Scales(w.namespace).Get(ctx, gadgets.GroupResource(), "scaled", metav1.GetOptions{}); err != nil {
			return err
		}
		s.Spec.Replicas = 4
		if s, err = scales.Scales(w.namespace).Update(ctx, gadgets.GroupResource(), s, metav1.UpdateOptions{}); err != nil {
			return err
		}
		return must(s.Spec.Replicas == 4, "%+v", s)
	})
}

func openAPI(ctx context.Context, w world) error {
	client, err := discovery.NewDiscoveryClientForConfig(plain(w))
	if err != nil {
		return err
	}
	root := openapi3.NewRoot(client.OpenAPIV3())
	versions, err := root.GroupVersions()
	if err != nil {
		return err
	}
	for _, version := range versions {
		spec, err := root.GVSpec(version)
		if err != nil {
			return fmt.Errorf("%s: %w", version, err)
		}
		if len(spec.Paths.Paths) == 0 {
			return fmt.Errorf("%s has no paths", version)
		}
	}
	document, err := client.OpenAPISchema()
	if err != nil {
		return err
	}
	return must(len(versions) > 15 && len(document.Definitions.AdditionalProperties) > 400,
		"%d versions, %d definitions", len(versions), len(document.Definitions.AdditionalProperties))
}

func tables(ctx context.Context, w world) error {
	var table metav1.Table
	raw, err := w.clients.CoreV1().RESTClient().Get().Resource("nodes").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(ctx).Raw()
	if err != nil {
		return err
	}
	if err := fromJSON(raw, &table); err != nil {
		return err
	}
	return must(table.Kind == "Table" && table.ColumnDefinitions[0].Name == "Name" && len(table.Rows) > 0, "%+v", table)
}
