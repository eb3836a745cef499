package leaderelection

import (
	"strings"
	"testing"
	"testing/fstest"

	"k8s.io/client-go/rest"
)

// TestNewResourceLock: replicas compete for one Lease under identities of their own, and the error outside of a cluster names the flag.
func TestNewResourceLock(t *testing.T) {
	var identities []string
	for range 2 {
		lock, err := NewResourceLock(&rest.Config{Host: "127.0.0.1:1"}, "shop")
		if err != nil {
			t.Fatal(err)
		}
		if got := lock.Describe(); got != "shop/vmss-rollouts" {
			t.Errorf("the lock is %s, want shop/vmss-rollouts", got)
		}
		identities = append(identities, lock.Identity())
	}
	if identities[0] == identities[1] {
		t.Errorf("two candidates are called %s", identities[0])
	}
	if _, err := NewResourceLock(&rest.Config{}, ""); err == nil || !strings.Contains(err.Error(), "--leader-election-namespace") {
		t.Errorf("got %v, want an error that names the flag", err)
	}
}

// TestPodsOwnNamespace: without a namespace the lock is in that of the pod, whose file may end with a line break.
func TestPodsOwnNamespace(t *testing.T) {
	for content, want := range map[string]string{"system": "system/vmss-rollouts", "system\n": "system/vmss-rollouts"} {
		files := fstest.MapFS{namespaceFile: {Data: []byte(content)}}
		lock, err := newResourceLock(&rest.Config{Host: "127.0.0.1:1"}, "", files)
		if err != nil {
			t.Fatal(err)
		}
		if got := lock.Describe(); got != want {
			t.Errorf("%q: the lock is %s, want %s", content, got, want)
		}
	}
}

// TestTimes holds the order that the election itself requires, and that a renewal is tried more than once before the lease ends.
func TestTimes(t *testing.T) {
	if LeaseDuration <= RenewDeadline || RenewDeadline <= 2*RetryPeriod {
		t.Errorf("lease %s, renewal %s, retry %s", LeaseDuration, RenewDeadline, RetryPeriod)
	}
}
