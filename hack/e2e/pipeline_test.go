package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// jobs is the folder of the jobs that the tests run. They are shell scripts that use git and kubectl only.
const jobs = "testdata/pipeline"

// pipeline holds what a pipeline has: a git repository with the declared objects, and a user who may declare rollouts in a namespace.
type pipeline struct {
	who    operator
	remote string
}

// newPipeline makes a bare repository with a rollout, its kustomization, and the template of an approval.
func newPipeline(t testing.TB, r rollout) pipeline {
	t.Helper()
	ns := r.GetNamespace()
	p := pipeline{who: newOperator(t, "pipeline", ns, "vmss-rollouts-vmssrollout-editor"), remote: filepath.Join(t.TempDir(), "remote.git")}
	text, err := json.Marshal(r.Object)
	if err != nil {
		t.Fatalf("writing VMSSRollout %s: %v", r.key(), err)
	}
	template, err := os.ReadFile(filepath.Join(jobs, "approve.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	for name, content := range map[string]string{
		"rollout.yaml":       string(text),
		"approve.yaml":       strings.Replace(string(template), "metadata:\n", "metadata:\n  namespace: "+ns+"\n", 1),
		"kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [rollout.yaml]\n",
	} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--initial-branch=main", p.remote}, {"init", "--quiet", "--initial-branch=main"}, {"add", "."},
		{"commit", "--quiet", "--message=Begin"}, {"push", "--quiet", p.remote, "main"},
	} {
		if said, err := p.run(t, work, "git", args...); err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, said)
		}
	}
	return p
}

// job runs one in a folder of its own, and returns what it said.
func (p pipeline) job(t testing.TB, script string, args ...string) (string, error) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(jobs, script))
	if err != nil {
		t.Fatal(err)
	}
	return p.run(t, t.TempDir(), "/bin/sh", append([]string{path}, args...)...)
}

// run runs a program as the pipeline's user, without the settings of any user or host.
func (p pipeline) run(t testing.TB, dir, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + filepath.Dir(here.plane.Kubectl) + ":" + os.Getenv("PATH"), "HOME=" + dir, "KUBECONFIG=" + p.who.kubeconfig,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=pipeline", "GIT_AUTHOR_EMAIL=" + p.who.name,
		"GIT_COMMITTER_NAME=pipeline", "GIT_COMMITTER_EMAIL=" + p.who.name,
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// must runs a job that must succeed, and returns what it said.
func (p pipeline) must(t testing.TB, script string, args ...string) string {
	t.Helper()
	said, err := p.job(t, script, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", script, strings.Join(args, " "), err, said)
	}
	return said
}

// TestPipeline is walkthrough C: job 1 deploys to a fifth, job 2 to the rest. A job that is run again does no harm.
func TestPipeline(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 5})
	here.azure.makeImage(t, imageID("v2"))
	startManager(t, directly(ns))
	p := newPipeline(t, newRollout(ns, "web", set).target(image(imageID("v1"))))
	if said := p.must(t, "job1.sh", p.remote, imageID("v2"), "20", "180"); !strings.Contains(said, v1alpha1.ReasonCanaryReached) {
		t.Errorf("job 1 does not say CanaryReached:\n%s", said)
	}
	if got := strings.Join(here.azure.upgraded(t, set), " "); got != "0" {
		t.Errorf("job 1 upgraded instances %s, want 0 alone", got)
	}
	for range 2 {
		if said := p.must(t, "job2.sh", p.remote, "180"); !strings.Contains(said, v1alpha1.ReasonCompleted) {
			t.Errorf("job 2 does not say Completed:\n%s", said)
		}
	}
	expectImages(t, set, "v2", 5)
	if got := here.azure.upgraded(t, set); len(got) != 5 {
		t.Errorf("instances %v were upgraded, want each of five once", got)
	}
	log, err := p.run(t, p.remote, "git", "log", "--format=%s", "--reverse")
	if want := "Begin\nDeploy v2 to 20 %\nDeploy to all\n"; err != nil || log != want {
		t.Errorf("the repository has commits %q (%v), want %q", log, err, want)
	}
}

// TestPipelineFails lets job 1 deploy what does not work, or what does not get there in time. It fails, and says why.
func TestPipelineFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   fault
		seconds string
		says    []string
	}{
		"a bad image": {
			fault{Operation: "UpdateInstances", Kind: "scriptFails", Stderr: "start.sh: no such interpreter"}, "180",
			[]string{"The rollout is stalled: Failed: instance 0 failed", "start.sh: no such interpreter"},
		},
		"too slow": {
			fault{Operation: "UpdateInstances", Kind: "operationStuck"}, "5",
			[]string{"Not ready after 5 s: Progressing: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			set := scaleSet{group: ns, name: "web"}
			here.azure.makeSet(t, set, stageSet{capacity: 5, script: "bash start.sh"})
			here.azure.makeImage(t, imageID("v2"))
			here.azure.setFaults(t, set, c.fault)
			startManager(t, directly(ns))
			p := newPipeline(t, newRollout(ns, "web", set).target(image(imageID("v1"))))
			said, err := p.job(t, "job1.sh", p.remote, imageID("v2"), "20", c.seconds)
			if !isExit(err) {
				t.Errorf("the job ended with %v, want it to fail", err)
			}
			for _, want := range c.says {
				if !strings.Contains(said, want) {
					t.Errorf("the job does not say %q:\n%s", want, said)
				}
			}
			if got := here.azure.operated(t, set); len(got) > 1 {
				t.Errorf("instances %v were operated on, want one at most", got)
			}
		})
	}
}

// TestPipelineApproves is walkthrough C with steps: the rollout was declared whole, and job 2 approves its first step.
func TestPipelineApproves(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	startManager(t, directly(ns))
	r := newRollout(ns, "web", set).withSteps(
		step("one", "count", int64(1), "approval", map[string]any{}), step("all", "percent", int64(100)))
	p := newPipeline(t, r)
	if out, err := r.apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	p.must(t, "job2-approve.sh", p.remote, "180")
	done := r.awaitReason(t, v1alpha1.ReasonCompleted)
	if got, want := told(done.Status.History[0].Actions), "Approve one by "+p.who.name+", verified true"; got != want {
		t.Errorf("recorded: %s, want %s", got, want)
	}
	if out, err := p.who.kubectl(t, "", "get", "vmssra", "web-1-one", "-n", ns); err != nil || !strings.Contains(out, "Accepted") {
		t.Errorf("kubectl get vmssra: %v, and it does not say Accepted:\n%s", err, out)
	}
}
