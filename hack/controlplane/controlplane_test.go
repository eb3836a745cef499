package controlplane

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
)

// crd is the smallest CustomResourceDefinition that serves something.
const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pebbles.test.vmss.dev}
spec:
  group: test.vmss.dev
  names: {kind: Pebble, plural: pebbles}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
`

// TestPlane goes through what tests and the demo rely on, on one plane, since
// starting one takes seconds.
func TestPlane(t *testing.T) {
	g := NewWithT(t)
	crds := filepath.Join(t.TempDir(), "crd.yaml")
	g.Expect(os.WriteFile(crds, []byte(crd), 0o644)).To(Succeed())
	plane, err := Start(t.Context(), Options{CRDPaths: []string{crds}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Expect(plane.Stop()).To(Succeed()) })
	admin := clients(g, plane.Kubeconfig)

	t.Run("a limited user", func(t *testing.T) { testLimitedUser(t, plane, admin) })
	t.Run("kubectl", func(t *testing.T) { testKubectl(t, plane) })
	t.Run("service account tokens", func(t *testing.T) { testTokens(t, plane, admin) })
	t.Run("leases and namespaces", func(t *testing.T) { testLeases(t, admin) })
	t.Run("admission policies", func(t *testing.T) { testAdmissionPolicy(t, admin) })
	t.Run("etcd is closed", func(t *testing.T) { testEtcdIsClosed(t, plane) })
	t.Run("stop", func(t *testing.T) { testStop(t, plane) })
}

// testLimitedUser holds that RBAC gives a user what it says, and nothing else.
func testLimitedUser(t *testing.T, plane *Plane, admin *kubernetes.Clientset) {
	g, ctx := NewWithT(t), t.Context()
	path, err := plane.AddUser("system:maya/dev", "developers")
	g.Expect(err).NotTo(HaveOccurred())
	maya := clients(g, path)

	_, err = maya.CoreV1().ConfigMaps("default").Create(ctx, configMap("early"), metav1.CreateOptions{})
	g.Expect(apierrors.IsForbidden(err)).To(BeTrue(), "before RBAC allows it: %v", err)
	_, err = admin.RbacV1().Roles("default").Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "writer"},
		Rules: []rbacv1.PolicyRule{{
			APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"create", "get"},
		}},
	}, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = admin.RbacV1().RoleBindings("default").Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "writer"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "writer"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "developers"}},
	}, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())

	g.Eventually(func() error {
		_, err := maya.CoreV1().ConfigMaps("default").Create(ctx, configMap("hers"), metav1.CreateOptions{})
		return err
	}, "20s").Should(Succeed(), "RBAC's informers see the role soon")
	err = maya.CoreV1().ConfigMaps("default").Delete(ctx, "hers", metav1.DeleteOptions{})
	g.Expect(apierrors.IsForbidden(err)).To(BeTrue(), "what the role doesn't say: %v", err)
}

// testKubectl holds that the kubeconfig is one for the real kubectl, and that
// CRDs were installed.
func testKubectl(t *testing.T, plane *Plane) {
	g := NewWithT(t)
	for _, tc := range []struct {
		want string
		args []string
	}{
		{"configmap/hers", []string{"get", "configmap", "hers", "-o", "name"}},
		{"No resources found", []string{"get", "pebbles"}},
		{"Server Version: v1.37.", []string{"version"}},
		{"system:masters", []string{"auth", "whoami"}},
	} {
		cmd := exec.CommandContext(t.Context(), plane.Kubectl, tc.args...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+plane.Kubeconfig)
		out, err := cmd.CombinedOutput()
		g.Expect(err).NotTo(HaveOccurred(), "kubectl %s: %s", tc.args, out)
		g.Expect(string(out)).To(ContainSubstring(tc.want))
	}
}

// testTokens holds that a service account can get a token and be known by it.
func testTokens(t *testing.T, plane *Plane, admin *kubernetes.Clientset) {
	g, ctx := NewWithT(t), t.Context()
	accounts := admin.CoreV1().ServiceAccounts("default")
	_, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	answer, err := accounts.CreateToken(ctx, "robot", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())

	config := rest.AnonymousClientConfig(plane.Config)
	config.BearerToken = answer.Status.Token
	robot, err := kubernetes.NewForConfig(config)
	g.Expect(err).NotTo(HaveOccurred())
	self, err := robot.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(self.Status.UserInfo.Username).To(Equal("system:serviceaccount:default:robot"))
}

// testLeases holds that a leader can be elected in a namespace made just now.
func testLeases(t *testing.T, admin *kubernetes.Clientset) {
	g, ctx := NewWithT(t), t.Context()
	_, err := admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = admin.CoordinationV1().Leases("shop").Create(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "leader"}},
		metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
}

// testAdmissionPolicy holds that a ValidatingAdmissionPolicy is obeyed.
func testAdmissionPolicy(t *testing.T, admin *kubernetes.Clientset) {
	g, ctx := NewWithT(t), t.Context()
	rules := []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
		Operations: []admissionv1.OperationType{admissionv1.Create},
		Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
	}}}
	_, err := admin.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(ctx, &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "no-evil"},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: rules},
			Validations:      []admissionv1.Validation{{Expression: "object.metadata.name != 'evil'", Message: "no evil here"}},
		},
	}, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = admin.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Create(ctx, &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "no-evil"},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: "no-evil", ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(func() error {
		_, err := admin.CoreV1().ConfigMaps("default").Create(ctx, configMap("evil"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}, "20s").Should(MatchError(ContainSubstring("no evil here")))
}

// testEtcdIsClosed holds that neither a stranger nor a user of the API can read
// around it.
func testEtcdIsClosed(t *testing.T, plane *Plane) {
	g := NewWithT(t)
	user, err := plane.adminClient()
	g.Expect(err).NotTo(HaveOccurred())
	trusting, ok := user.Transport.(*http.Transport)
	g.Expect(ok).To(BeTrue())
	trusting.TLSClientConfig.InsecureSkipVerify = true
	g.Expect(get(t.Context(), user, etcdURL(plane)+"/health")).To(MatchError(ContainSubstring("tls:")))

	ours, err := plane.etcdClient()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(get(t.Context(), ours, etcdURL(plane)+"/health")).To(Succeed())
}

// testStop holds that nothing is left, and that a second Stop is harmless.
func testStop(t *testing.T, plane *Plane) {
	g := NewWithT(t)
	server, err := url.Parse(plane.Config.Host)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(server.Hostname()).To(Equal("127.0.0.1"))

	g.Expect(plane.Stop()).To(Succeed())
	for _, program := range []*subprocess.Child{plane.etcd, plane.apiserver} {
		g.Expect(syscall.Kill(program.PID(), 0)).To(MatchError(syscall.ESRCH), "it has ended and was waited for")
	}
	_, err = net.Dial("tcp", server.Host)
	g.Expect(err).To(HaveOccurred(), "its port is closed")
	g.Expect(plane.Dir).NotTo(BeAnExistingFile())
	g.Expect(plane.Stop()).To(Succeed())
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	_, err := Start(t.Context(), Options{AssetsDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "make k8s") {
		t.Errorf("Start without programs = %v, want it to name `make k8s`", err)
	}
}

// TestStartTellsWhyAProgramEnded holds that a program that doesn't stay is
// explained by its own words, and tried again only if its port was the reason.
func TestStartTellsWhyAProgramEnded(t *testing.T) {
	for words, want := range map[string]struct {
		tries int
		err   string
	}{
		"the disk is on fire":                      {1, "starting etcd: it ended early (exit status 3)"},
		"listen tcp: bind: address already in use": {portAttempts, "starting etcd: trying 3 ports: "},
	} {
		t.Run(words, func(t *testing.T) {
			assets, dir := t.TempDir(), t.TempDir()
			script := "#!/bin/sh\necho again >>" + dir + "/tries\necho " + words + "\nexit 3\n"
			for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
				if err := os.WriteFile(filepath.Join(assets, name), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Start(t.Context(), Options{AssetsDir: assets, Dir: dir})
			if err == nil || !strings.Contains(err.Error(), want.err) || !strings.Contains(err.Error(), words) {
				t.Errorf("Start = %v, want it to say %q and %q", err, want.err, words)
			}
			tries, err := os.ReadFile(filepath.Join(dir, "tries"))
			if got := strings.Count(string(tries), "again"); err != nil || got != want.tries {
				t.Errorf("etcd was tried %d times, %v, want %d", got, err, want.tries)
			}
		})
	}
}

// clients are those of the user of a kubeconfig.
func clients(g *WithT, kubeconfig string) *kubernetes.Clientset {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	g.Expect(err).NotTo(HaveOccurred())
	set, err := kubernetes.NewForConfig(config)
	g.Expect(err).NotTo(HaveOccurred())
	return set
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// etcdURL is where a plane's etcd listens.
func etcdURL(plane *Plane) string {
	for _, arg := range plane.etcd.Args() {
		if at, found := strings.CutPrefix(arg, "--listen-client-urls="); found {
			return at
		}
	}
	return ""
}
