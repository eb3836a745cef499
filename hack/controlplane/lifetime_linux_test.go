package controlplane

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// homeless tells a copy of this test binary to start a plane in the named folder
// and wait to be killed.
const homeless = "CONTROLPLANE_TEST_DIR"

// TestCancelLeavesNothing cancels at every stage of a plane's life.
func TestCancelLeavesNothing(t *testing.T) {
	for _, stage := range []string{"", "etcd.log", "kube-apiserver.log"} {
		t.Run("once there is "+stage, func(t *testing.T) {
			g, dir := NewWithT(t), t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := Start(ctx, Options{Dir: dir, CRDPaths: []string{}})
				done <- err
			}()
			g.Eventually(filepath.Join(dir, stage), "60s", "1ms").Should(Or(BeAnExistingFile(), BeADirectory()))
			cancel()
			g.Eventually(done, "20s").Should(Receive(MatchError(context.Canceled)))
			g.Expect(running(g, dir)).To(BeEmpty())
		})
	}
}

// TestCancelAfterStart also holds that data in a folder of one's own is taken up
// by the next plane.
func TestCancelAfterStart(t *testing.T) {
	g, dir := NewWithT(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first, err := Start(ctx, Options{Dir: dir, CRDPaths: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	g.Expect(running(g, dir)).To(HaveLen(2))
	_, err = clients(g, first.Kubeconfig).CoreV1().ConfigMaps("default").Create(ctx, configMap("kept"), metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	cancel()
	g.Eventually(func() []string { return running(g, dir) }, "20s").Should(BeEmpty())

	second, err := Start(t.Context(), Options{Dir: dir, CRDPaths: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = clients(g, second.Kubeconfig).CoreV1().ConfigMaps("default").Get(t.Context(), "kept", metav1.GetOptions{})
	g.Expect(errors.Join(err, second.Stop())).NotTo(HaveOccurred())
}

// TestKilledParentTakesChildrenAlong kills a program that has a plane, which
// can't do anything about it any more.
func TestKilledParentTakesChildrenAlong(t *testing.T) {
	g, dir := NewWithT(t), t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHomeless$")
	parent.Env = append(os.Environ(), homeless+"="+dir)
	out, err := parent.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(parent.Start()).To(Succeed())
	line, err := bufio.NewReader(out).ReadString('\n')
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(line).To(Equal("started\n"))
	g.Expect(running(g, dir)).To(HaveLen(2))

	g.Expect(parent.Process.Kill()).To(Succeed())
	g.Expect(parent.Wait()).NotTo(Succeed())
	g.Eventually(func() []string { return running(g, dir) }, "20s").Should(BeEmpty())
}

// TestHomeless is the program that TestKilledParentTakesChildrenAlong kills.
func TestHomeless(t *testing.T) {
	dir := os.Getenv(homeless)
	if dir == "" {
		t.Skip("runs only as a process of its own, for TestKilledParentTakesChildrenAlong")
	}
	if _, err := Start(t.Context(), Options{Dir: dir, CRDPaths: []string{}}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("started")
	select {}
}

// running are the processes that were started for a plane's folder, found by
// their arguments, so that none can be missed.
func running(g *WithT, dir string) []string {
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	g.Expect(err).NotTo(HaveOccurred())
	var found []string
	for _, path := range all {
		// A process that ends while we look has no arguments any more.
		args, err := os.ReadFile(path)
		if err == nil && bytes.Contains(args, []byte(dir)) {
			found = append(found, strings.ReplaceAll(string(args), "\x00", " "))
		}
	}
	return found
}
