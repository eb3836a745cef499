package nodes_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/vmss-rollouts/vmss-rollouts/internal/nodes"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func TestDrainsAndUncordons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flexible := nodeOf("Web_1a2B3c4d")
		flexible.Spec.ProviderID = "azure:///subscriptions/" + set.SubscriptionID +
			"/resourceGroups/SHOP-RG/providers/Microsoft.Compute/virtualMachines/web_1a2b3c4d"
		w := newWorld(t, nodeOf("3"), flexible, nodeOf("4"), agent, pod("node-3", "web-a"), pod("node-3", "agent-a", ofDaemonSet),
			pod("node-3", "etcd", mirror),
			pod("node-Web_1a2B3c4d", "web-b"), pod("node-4", "web-c"))
		d, _ := w.runs(2)
		drains(d, own, "3", "Web_1a2B3c4d")
		after(time.Minute)
		want(t, d, "3", drained)
		want(t, d, "Web_1a2B3c4d", drained)
		is(t, "node", w.node("3"), "cordoned by "+uid)
		is(t, "node of another instance", w.node("4"), "open")
		is(t, "pods", w.pods(), "agent-a etcd web-c")
		if len(w.told) != 2 || w.told[0] != uid {
			t.Errorf("told %v", w.told)
		}
		uncordons(d, "3", "Web_1a2B3c4d")
		after(time.Second)
		want(t, d, "3", uncordoned)
		want(t, d, "Web_1a2B3c4d", uncordoned)
		is(t, "node", w.node("3"), "open")
		if len(w.told) != 4 {
			t.Errorf("told %v", w.told)
		}
		if lists := w.calls("list"); lists != 1 {
			t.Errorf("nodes were listed %d times for nodes that did not change", lists)
		}
		d.Forget(uid)
		if states := d.States(uid); len(states) != 0 {
			t.Errorf("remembers %v", states)
		}
	})
}

func TestWhatIsNoNodeNeedsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := nodeOf("7")
		other.Spec.ProviderID = strings.Replace(other.Spec.ProviderID, "/web/", "/web2/", 1)
		bare := nodeOf("8")
		bare.Spec.ProviderID = ""
		named := nodeOf("9") // a virtual machine that happens to be called like a number
		named.Spec.ProviderID = strings.Replace(other.Spec.ProviderID, "virtualMachineScaleSets/web2/", "", 1)
		w := newWorld(t, nodeOf("1"), other, bare, named)
		d, _ := w.runs(4)
		var ids []string
		for i := range 50 {
			ids = append(ids, fmt.Sprint(i+2))
		}
		drains(d, own, ids...)
		synctest.Wait()
		for _, id := range ids {
			want(t, d, id, drained)
		}
		uncordons(d, ids...)
		synctest.Wait()
		for _, id := range ids {
			want(t, d, id, uncordoned)
		}
		is(t, "what happened", w.happened(), "")
		if lists := w.calls("list"); lists > 2 {
			t.Errorf("nodes were listed %d times for two needs", lists)
		}
	})
}

func TestBudgetsAreHeldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"), pod("node-3", "web-b"))
		w.budgets["web-a"] = "The disruption budget web needs 2 healthy pods and has 2 currently"
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(6 * time.Second) // the first attempt is over
		if message := d.States(uid)["3"].Message; !strings.Contains(message, "web-a") || strings.Contains(message, "web-b") {
			t.Errorf("%q lacks the pod that is refused, or names the one that is gone", message)
		}
		after(10 * time.Minute)
		want(t, d, "3", underWay, "pod shop/web-a may not be evicted: The disruption budget web needs 2 healthy pods and has 2 currently")
		if n := strings.Count(w.happened(), "refuse"); n < 58 || n > 63 || len(w.told) > 0 {
			t.Errorf("asked %d times in 10 minutes, want every 10 s; told %v", n, w.told)
		}
		message := d.States(uid)["3"].Message
		drains(d, own, "3") // as every round does
		is(t, "message", d.States(uid)["3"].Message, message)
		after(time.Minute)
		is(t, "message", d.States(uid)["3"].Message, message)
		w.does(func() { delete(w.budgets, "web-a") })
		after(time.Minute)
		want(t, d, "3", drained)
		is(t, "pods", w.pods(), "")
		if len(w.told) != 1 {
			t.Errorf("told %v", w.told)
		}
	})
}

func TestWhatIsNotWantedAnyMoreEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), nodeOf("4"), pod("node-3", "web-a"), pod("node-4", "web-b"))
		w.budgets["web-a"], w.budgets["web-b"] = "no", "no"
		d, _ := w.runs(2)
		drains(d, own, "3", "4")
		after(time.Second) // in the middle of an attempt
		d.Want(uid, set, own, rollout.NodeWork{Drain: refs("4"), Uncordon: []string{"3"}})
		after(time.Minute)
		want(t, d, "3", uncordoned)
		is(t, "node 3", w.node("3"), "open")
		want(t, d, "4", underWay, "web-b")
		drains(d, own)
		if states := d.States(uid); len(states) != 0 {
			t.Errorf("remembers %v", states)
		}
		after(time.Minute)
		before := w.happened()
		w.does(func() { clear(w.budgets) })
		after(time.Hour)
		is(t, "what happened since", strings.TrimPrefix(w.happened(), before), "")
		is(t, "node 4 is the core's to uncordon", w.node("4"), "cordoned by "+uid)
		is(t, "pods", w.pods(), "web-a web-b")
	})
}

func TestWhatIsNotWantedAnyMoreEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"))
		w.ends = time.Minute
		d, _ := w.runs(1)
		anything := rollout.NodeWork{Drain: []rollout.Ref{{ID: "3"}}}
		d.Want(uid, set, own, anything)
		after(time.Second) // of four that the pod is waited for
		uncordons(d, "3")
		after(time.Second)
		want(t, d, "3", uncordoned)
		is(t, "node", w.node("3"), "open")
		anything.Uncordon = []string{"3"}
		d.Want(uid, set, own, anything)
		after(2 * time.Minute)
		want(t, d, "3", drained)
	})
}

func TestWhatIsDoneIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"))
		w.budgets["web-a"] = "no"
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(6 * time.Second) // the next attempt is due in four
		w.does(func() { clear(w.budgets) })
		drains(d, nodes.Policy{}, "3")
		after(3 * time.Second)
		want(t, d, "3", drained)
		if err := w.Tracker().Add(pod("node-3", "web-b")); err != nil {
			t.Fatal(err)
		}
		drains(d, own, "3")
		want(t, d, "3", drained)
		after(time.Minute)
		is(t, "pods", w.pods(), "web-b")
	})
}

func TestForeignCordonsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cordoned, another, stale := nodeOf("3"), nodeOf("4"), nodeOf("5")
		cordoned.Spec.Unschedulable = true
		another.Spec.Unschedulable, another.Annotations = true, map[string]string{nodes.CordonedBy: "another rollout"}
		stale.Annotations = map[string]string{nodes.CordonedBy: "a rollout whose node a user uncordoned by hand"}
		w := newWorld(t, cordoned, another, stale, pod("node-3", "web-a"), pod("node-4", "web-b"), pod("node-5", "web-c"))
		d, _ := w.runs(2)
		drains(d, own, "3", "4", "5")
		after(time.Minute)
		for _, id := range []string{"3", "4", "5"} {
			want(t, d, id, drained)
		}
		is(t, "pods", w.pods(), "")
		is(t, "one that an unknown client cordoned", w.node("3"), "cordoned")
		is(t, "one that another rollout cordoned", w.node("4"), "cordoned by another rollout")
		is(t, "one that is free", w.node("5"), "cordoned by "+uid)
		uncordons(d, "3", "4", "5")
		after(time.Second)
		for _, id := range []string{"3", "4", "5"} {
			want(t, d, id, uncordoned)
		}
		is(t, "one that an unknown client cordoned", w.node("3"), "cordoned")
		is(t, "one that another rollout cordoned", w.node("4"), "cordoned by another rollout")
		is(t, "ours", w.node("5"), "open")
	})
}

func TestAnotherClientCordonsAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"))
		w.meddle = func(n *corev1.Node) { n.Spec.Unschedulable = true }
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(time.Minute)
		want(t, d, "3", drained)
		is(t, "node", w.node("3"), "cordoned")
		uncordons(d, "3")
		after(time.Second)
		is(t, "node", w.node("3"), "cordoned")
	})
}

func TestAnotherChangeOfTheNodeIsNoObstacle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"))
		w.meddle = func(n *corev1.Node) { n.Labels = map[string]string{"team": "shop"} }
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(time.Second)
		want(t, d, "3", drained)
		is(t, "node", w.node("3"), "cordoned by "+uid)
	})
}

func TestAnotherInstanceRegistersMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"))
		w.meddle = func(n *corev1.Node) {
			n.UID, n.Spec.ProviderID = "another", nodeOf("9").Spec.ProviderID
		}
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(time.Minute)
		want(t, d, "3", drained)
		is(t, "node of another instance", w.node("3"), "open")
		is(t, "pods", w.pods(), "web-a")
	})
}

func TestPolicy(t *testing.T) {
	for name, tc := range map[string]struct {
		pod    func(*corev1.Pod)
		field  string
		allows nodes.Policy
	}{
		"unmanaged":  {unmanaged, "spec.drain.force", nodes.Policy{Force: true, GracePeriod: -1}},
		"local data": {withLocalData, "spec.drain.deleteEmptyDirData", nodes.Policy{DeleteEmptyDirData: true, GracePeriod: -1}},
		"orphan":     {ofDaemonSet, "spec.drain.force", nodes.Policy{Force: true, GracePeriod: -1}}, // its DaemonSet is gone
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nodeOf("3"), pod("node-3", "web-a", tc.pod), pod("node-3", "web-b"))
				d, _ := w.runs(1)
				drains(d, own, "3")
				synctest.Wait()
				want(t, d, "3", failed, "shop/web-a", tc.field)
				if message := d.States(uid)["3"].Message; strings.Contains(message, "--") || len(w.told) != 1 {
					t.Errorf("%q is kubectl's, or Changed was not called: %v", message, w.told)
				}
				after(time.Hour)
				is(t, "pods", w.pods(), "web-a web-b")
				drains(d, tc.allows, "3")
				after(time.Minute)
				want(t, d, "3", drained)
				is(t, "pods", w.pods(), "")
			})
		})
	}
}

func TestRefusalIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		objects := []runtime.Object{nodeOf("3"), nodeOf("4")}
		for i := range 100 {
			objects = append(objects, pod("node-3", fmt.Sprintf("bare-%03d", i), unmanaged),
				pod("node-3", fmt.Sprintf("data-%03d", i), withLocalData),
				pod("node-4", fmt.Sprintf("web-%03d", i)))
		}
		w := newWorld(t, objects...)
		for i := range 100 {
			w.budgets[fmt.Sprintf("web-%03d", i)] = strings.Repeat("ü\x00", 5000)
		}
		d, _ := w.runs(2)
		drains(d, own, "3", "4")
		after(time.Minute)
		want(t, d, "3", failed, "spec.drain.force", "bare-000", "spec.drain.deleteEmptyDirData", "data-000")
		want(t, d, "4", underWay, "web-000", "web-002")
		for id, state := range d.States(uid) {
			if len(state.Message) > 620 || !utf8.ValidString(state.Message) || strings.ContainsRune(state.Message, 0) {
				t.Errorf("instance %s: %d bytes: %q", id, len(state.Message), state.Message)
			}
		}
	})
}

func TestManyPodsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		objects := []runtime.Object{nodeOf("3")}
		for i := range 8 {
			objects = append(objects, pod("node-3", fmt.Sprintf("web-%d", i)))
		}
		w := newWorld(t, objects...)
		w.ends = -1
		w.budgets["web-5"] = "no"
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(time.Minute)
		is(t, "message", d.States(uid)["3"].Message,
			"pod shop/web-5 may not be evicted: no; pod shop/web-0 is ending; pod shop/web-1 is ending; and 5 more")
	})
}

func TestGracePeriod(t *testing.T) {
	for grace, says := range map[time.Duration]string{-1: "evict web-a", 0: "evict web-a within 0 s",
		1500 * time.Millisecond: "evict web-a within 2 s"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"))
			d, _ := w.runs(1)
			drains(d, nodes.Policy{GracePeriod: grace}, "3")
			after(time.Minute)
			is(t, grace.String(), w.happened(), "cordon node-3, "+says)
		})
	}
}

func TestSlowPodsAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"))
		w.ends = 20 * time.Minute
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(19 * time.Minute)
		want(t, d, "3", underWay, "pod shop/web-a is ending")
		after(2 * time.Minute)
		want(t, d, "3", drained)
		is(t, "what happened", w.happened(), "cordon node-3, evict web-a")
	})
}

func TestAllAreCordonedBeforeAnyPodGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), nodeOf("4"), nodeOf("5"), pod("node-3", "web-a"), pod("node-4", "web-b"), pod("node-5", "web-c"))
		d, _ := w.runs(1)
		drains(d, own, "3", "4", "5")
		after(time.Minute)
		is(t, "what happened", w.happened(), "cordon node-3, cordon node-4, cordon node-5, evict web-a, evict web-b, evict web-c")
	})
}

func TestStuckRolloutsHoldUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		objects := []runtime.Object{nodeOf("3"), pod("node-3", "web-a")}
		var ids []string
		w := newWorld(t)
		for i := range 20 {
			id := fmt.Sprint(100 + i)
			ids = append(ids, id)
			objects = append(objects, nodeOf(id), pod("node-"+id, "stuck-"+id))
			w.budgets["stuck-"+id] = "no"
		}
		for _, o := range objects {
			if err := w.Tracker().Add(o); err != nil {
				t.Fatal(err)
			}
		}
		d, _ := w.runs(2)
		d.Want("stuck", set, own, rollout.NodeWork{Drain: refs(ids...)})
		after(10 * time.Minute)
		drains(d, own, "3")
		after(3 * time.Minute)
		want(t, d, "3", drained)
	})
}

func TestPodsThatComeBackAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "proxy-0", tolerant))
		n := 0
		w.evicted = func(*corev1.Pod) {
			n++
			if err := w.Tracker().Add(pod("node-3", fmt.Sprintf("proxy-%d", n), tolerant)); err != nil {
				t.Error(err)
			}
		}
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(time.Minute)
		want(t, d, "3", drained)
		is(t, "what happened", w.happened(), "cordon node-3, evict proxy-0")
	})
}

func TestLatecomersGoAsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"))
		w.evicted = func(p *corev1.Pod) { // the scheduler had decided before the cordon
			if p.Name == "web-a" {
				if err := w.Tracker().Add(pod("node-3", "web-late")); err != nil {
					t.Error(err)
				}
			}
		}
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(time.Minute)
		want(t, d, "3", drained)
		is(t, "pods", w.pods(), "")
	})
}

func TestNodesOutOfReach(t *testing.T) {
	for status, result := range map[corev1.ConditionStatus]rollout.NodeState{corev1.ConditionUnknown: drained,
		corev1.ConditionFalse: underWay} {
		t.Run(string(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				node := nodeOf("3")
				node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}
				w := newWorld(t, node, pod("node-3", "web-a"))
				w.ends = -1
				d, _ := w.runs(1)
				drains(d, own, "3")
				after(20 * time.Second)
				want(t, d, "3", underWay, "shop/web-a")
				after(time.Minute)
				want(t, d, "3", result)
			})
		})
	}
}

func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"), pod("node-3", "web-b"))
		w.budgets["web-a"] = "no"
		d, stop := w.runs(1)
		drains(d, own, "3")
		after(time.Minute)
		stop()
		w.does(func() { clear(w.budgets) })
		after(time.Hour)
		is(t, "pods while no worker runs", w.pods(), "web-a")
		d, stop = w.runs(1)
		drains(d, own, "3")
		after(time.Minute)
		want(t, d, "3", drained)
		is(t, "node", w.node("3"), "cordoned by "+uid)
		stop()
		d, _ = w.runs(1)
		uncordons(d, "3")
		after(time.Second)
		want(t, d, "3", uncordoned)
		is(t, "node", w.node("3"), "open")
		if n := strings.Count(w.happened(), "cordon node-3"); n != 2 {
			t.Errorf("cordoned and uncordoned once each, not: %s", w.happened())
		}
	})
}

func TestNodesThatComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), nodeOf("4"), nodeOf("5"), pod("node-4", "web-a"))
		w.budgets["web-a"] = "no"
		d, _ := w.runs(2)
		drains(d, own, "3", "4", "5")
		after(time.Minute)
		for _, id := range []string{"3", "4", "5"} {
			if err := w.Tracker().Delete(nodeResource, "", "node-"+id); err != nil {
				t.Fatal(err)
			}
		}
		reused := nodeOf("9")
		reused.Name, reused.Spec.Unschedulable, reused.Annotations = "node-3", true, map[string]string{nodes.CordonedBy: uid}
		moved := nodeOf("5")
		moved.Name, moved.Spec.Unschedulable, moved.Annotations = "node-5-anew", true, map[string]string{nodes.CordonedBy: uid}
		for _, n := range []*corev1.Node{reused, moved} {
			if err := w.Tracker().Add(n); err != nil {
				t.Fatal(err)
			}
		}
		after(time.Minute)
		want(t, d, "4", drained) // it is no node any more
		uncordons(d, "3", "4", "5")
		after(time.Second)
		for _, id := range []string{"3", "4", "5"} {
			want(t, d, id, uncordoned)
		}
		is(t, "a name that another instance has now", w.node("3"), "cordoned by "+uid)
		is(t, "an instance that has another name now", w.node("5-anew"), "open")
	})
}

func TestDenied(t *testing.T) {
	for _, right := range []string{"list nodes", "get nodes", "patch nodes", "list pods", "create pods/eviction", "get daemonsets"} {
		t.Run(right, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nodeOf("3"), agent, pod("node-3", "web-a"), pod("node-3", "agent-a", ofDaemonSet))
				w.refuse = func(verb, resource string) error {
					if verb+" "+resource == right {
						return denied(verb, resource)
					}
					return nil
				}
				d, _ := w.runs(1)
				drains(d, own, "3")
				after(time.Minute)
				want(t, d, "3", failed, strings.Fields(right)[1], "cannot "+strings.Fields(right)[0],
					"kubectl create clusterrolebinding vmssrollout-node-drainer --clusterrole=vmssrollout-node-drainer "+
						"--serviceaccount=vmss-rollouts-system:controller-manager")
				if len(w.told) != 1 {
					t.Errorf("told %v", w.told)
				}
			})
		})
	}
}

func TestUncordoningIsNeverGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := nodeOf("3")
		node.Spec.Unschedulable, node.Annotations = true, map[string]string{nodes.CordonedBy: uid}
		w := newWorld(t, node)
		w.refuse = func(verb, resource string) error {
			if verb == "patch" {
				return denied(verb, resource)
			}
			return nil
		}
		d, _ := w.runs(1)
		uncordons(d, "3")
		after(time.Hour)
		want(t, d, "3", failed, nodes.Role)
		if n := w.calls("patch"); n < 50 || n > 80 || len(w.told) != 1 {
			t.Errorf("tried %d times in an hour, and told %v", n, w.told)
		}
		w.does(func() { w.refuse = nil })
		after(2 * time.Minute)
		want(t, d, "3", uncordoned)
		is(t, "node", w.node("3"), "open")
	})
}

func TestTroubleThatPasses(t *testing.T) {
	for _, call := range []string{"list nodes", "get nodes", "patch nodes", "list pods", "create pods/eviction", "get pods",
		"get daemonsets"} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nodeOf("3"), agent, pod("node-3", "web-a"), pod("node-3", "agent-a", ofDaemonSet))
				webhook := apierrors.NewForbidden(podResource.GroupResource(), "web-a", errors.New("admission webhook said: the quorum moves first"))
				w.refuse = func(verb, resource string) error {
					if verb+" "+resource == call {
						return webhook
					}
					return nil
				}
				d, _ := w.runs(1)
				drains(d, own, "3")
				after(time.Minute)
				if call != "get pods" { // of which nothing is said but which pod is waited for
					want(t, d, "3", underWay, "the quorum moves first")
				}
				w.does(func() { w.refuse = nil })
				after(2 * time.Minute)
				want(t, d, "3", drained)
				uncordons(d, "3")
				after(time.Second)
				want(t, d, "3", uncordoned)
			})
		})
	}
}

func TestNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"), pod("node-3", "web-a"))
		w.refuse = func(_, resource string) error {
			if resource == "pods/eviction" {
				return fmt.Errorf("evicting: %w", context.DeadlineExceeded)
			}
			return nil
		}
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(time.Minute)
		is(t, "message", d.States(uid)["3"].Message, "pod shop/web-a is to be evicted")
	})
}

func TestNothingIsSaidOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"))
		w.refuse = func(string, string) error {
			time.Sleep(3 * time.Second)
			return context.Canceled
		}
		d, stop := w.runs(1)
		drains(d, own, "3")
		after(time.Second)
		stop()
		is(t, "message", d.States(uid)["3"].Message, "")
		drains(d, own, "4")
		after(time.Minute)
		want(t, d, "4", underWay)
	})
}

func TestListsInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.PrependReactor("list", "nodes", pages(w, 3))
		for _, id := range []string{"1", "2", "3"} {
			if err := w.Tracker().Add(nodeOf(id)); err != nil {
				t.Fatal(err)
			}
		}
		d, _ := w.runs(2)
		drains(d, own, "1", "2", "3", "4")
		after(time.Second)
		for _, id := range []string{"1", "2", "3", "4"} {
			want(t, d, id, drained)
		}
		for _, id := range []string{"1", "2", "3"} {
			is(t, "node "+id, w.node(id), "cordoned by "+uid)
		}
		if lists := w.calls("list"); lists != 3 {
			t.Errorf("%d pages", lists)
		}
	})
}

func TestAnotherInstanceOfTheSameID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodeOf("3"))
		d, _ := w.runs(1)
		drains(d, own, "3")
		after(time.Second)
		want(t, d, "3", drained)
		if err := w.Tracker().Add(pod("node-3", "web-a")); err != nil {
			t.Fatal(err)
		}
		d.Want(uid, set, own, rollout.NodeWork{Drain: []rollout.Ref{{ID: "3", VMID: "another"}}})
		want(t, d, "3", underWay)
		after(time.Minute)
		want(t, d, "3", drained)
		is(t, "pods", w.pods(), "")
	})
}
