package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/util/exec"
)

var streamChecks = []check{
	{"exec, port-forward and logs of a pod, over SPDY and WebSockets", streams},
}

func untilReady(ctx context.Context, w world, name string) error {
	return until(ctx, func() (bool, error) {
		p, err := w.clients.CoreV1().Pods(w.namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
				return true, nil
			}
		}
		return false, nil
	})
}

// Deletes a pod and waits until its name is free.
func removed(ctx context.Context, w world, name string) error {
	pods := w.clients.CoreV1().Pods(w.namespace)
	return until(ctx, func() (bool, error) {
		err := pods.Delete(ctx, name, metav1.DeleteOptions{})
		return apierrors.IsNotFound(err), nil
	})
}

func streams(ctx context.Context, w world) error {
	pods := w.clients.CoreV1().Pods(w.namespace)
	if _, err := pods.Create(ctx, pod("streamed"), metav1.CreateOptions{}); err != nil {
		return err
	}
	defer removed(ctx, w, "streamed")
	if err := untilReady(ctx, w, "streamed"); err != nil {
		return err
	}
	for _, kind := range []string{"SPDY", "WebSocket"} {
		if err := executed(ctx, w, kind); err != nil {
			return fmt.Errorf("exec over %s: %w", kind, err)
		}
		if err := forwarded(ctx, w, kind); err != nil {
			return fmt.Errorf("port-forward over %s: %w", kind, err)
		}
	}
	log, err := pods.GetLogs("streamed", &corev1.PodLogOptions{Timestamps: true}).DoRaw(ctx)
	if err != nil {
		return err
	}
	if !strings.Contains(string(log), "Z began\n") {
		return fmt.Errorf("log: %q", log)
	}
	following, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := pods.GetLogs("streamed", &corev1.PodLogOptions{Follow: true}).Stream(following)
	if err != nil {
		return err
	}
	defer stream.Close()
	line := make([]byte, 6)
	if _, err := io.ReadFull(stream, line); err != nil {
		return err
	}
	return must(string(line) == "began\n", "followed: %q", line)
}

func executor(w world, kind string, options *corev1.PodExecOptions) (remotecommand.Executor, error) {
	target := w.clients.CoreV1().RESTClient().Post().Resource("pods").Namespace(w.namespace).Name("streamed").
		SubResource("exec").VersionedParams(options, scheme.ParameterCodec).URL()
	if kind == "SPDY" {
		return remotecommand.NewSPDYExecutor(w.config, "POST", target)
	}
	return remotecommand.NewWebSocketExecutor(w.config, "GET", target.String())
}

func executed(ctx context.Context, w world, kind string) error {
	cat, err := executor(w, kind, &corev1.PodExecOptions{Command: []string{"cat"}, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return err
	}
	sent := strings.Repeat("0123456789abcdef", 20000)
	var out, errs bytes.Buffer
	if err := cat.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: strings.NewReader(sent), Stdout: &out, Stderr: &errs}); err != nil {
		return err
	}
	if out.String() != sent || errs.Len() != 0 {
		return fmt.Errorf("sent %d bytes, got %d and %q", len(sent), out.Len(), errs.String())
	}
	failing, err := executor(w, kind, &corev1.PodExecOptions{Command: []string{"sh", "-c", "echo no >&2; exit 5"}, Stdout: true, Stderr: true})
	if err != nil {
		return err
	}
	errs.Reset()
	err = failing.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &errs})
	var code exec.CodeExitError
	if !errors.As(err, &code) || code.Code != 5 || errs.String() != "no\n" {
		return fmt.Errorf("exit: %v, %q", err, errs.String())
	}
	terminal, err := executor(w, kind, &corev1.PodExecOptions{Command: []string{"sh", "-c", "sleep 0.3; stty size"}, Stdin: true, Stdout: true, TTY: true})
	if err != nil {
		return err
	}
	out.Reset()
	options := remotecommand.StreamOptions{Stdin: blocking(ctx), Stdout: &out, Tty: true, TerminalSizeQueue: &sizes{{Width: 91, Height: 37}}}
	if err := terminal.StreamWithContext(ctx, options); err != nil {
		return err
	}
	return must(strings.TrimSpace(out.String()) == "37 91", "terminal: %q", out.String())
}

// A reader that says nothing and ends with the check.
func blocking(ctx context.Context) io.Reader {
	r, w := io.Pipe()
	go func() { <-ctx.Done(); w.Close() }()
	return r
}

type sizes []remotecommand.TerminalSize

func (s *sizes) Next() *remotecommand.TerminalSize {
	if len(*s) == 0 {
		return nil
	}
	first := (*s)[0]
	*s = (*s)[1:]
	return &first
}

func forwarded(ctx context.Context, w world, kind string) error {
	target := w.clients.CoreV1().RESTClient().Post().Resource("pods").Namespace(w.namespace).Name("streamed").SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(w.config)
	if err != nil {
		return err
	}
	dial := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", target)
	if kind == "WebSocket" {
		if dial, err = portforward.NewSPDYOverWebsocketDialer(target, w.config); err != nil {
			return err
		}
	}
	stop, ready := make(chan struct{}), make(chan struct{})
	forward, err := portforward.New(dial, []string{"0:8080"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- forward.ForwardPorts() }()
	defer close(stop)
	select {
	case err := <-failed:
		return err
	case <-ready:
	case <-time.After(20 * time.Second):
		return errors.New("not ready")
	}
	ports, err := forward.GetPorts()
	if err != nil {
		return err
	}
	for range 5 {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/hostname", ports[0].Local))
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || strings.TrimSpace(string(body)) != "streamed" {
			return fmt.Errorf("got %q, %v", body, err)
		}
	}
	return nil
}
