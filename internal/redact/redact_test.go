package redact_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
)

// TestForms: what looks like a secret is cut though no Secret is known to hold it, and what says what happened stays.
func TestForms(t *testing.T) {
	const id = "/subscriptions/0/resourceGroups/shop-rg/providers/Microsoft.Compute/virtualMachineScaleSets/web/virtualMachines/3"
	for in, want := range map[string]string{
		"see https://aka.ms/activitylog for more":                          "see https://aka.ms/activitylog for more",
		"GET https://s.blob.core.windows.net/a/b.sh?sv=1&sig=abc%2F= went": "GET https://s.blob.core.windows.net/a/b.sh?REDACTED went",
		"sig=abcdef&se=2026":                         "sig=REDACTED&se=2026",
		"curl: Bearer abc.def-ghi_jkl was refused":   "curl: Bearer REDACTED was refused",
		"> Authorization: Basic YTpi":                "> Authorization: REDACTED",
		"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.abc-_d": "token REDACTED",
		"https://me:pw@host/x":                       "https://REDACTED@host/x",
		"cannot connect to postgres://app:h@rd/pw@db:5432/x": "cannot connect to " +
			"postgres://REDACTED@db:5432/x",
		`{"password": "hunter2", "user": "me"}`:                                                 `{"password": REDACTED, "user": "me"}`,
		`{\"secretValue\":\"hunter2\"}`:                                                         `{\"secretValue\":\REDACTED`,
		"AccountKey=abc==;EndpointSuffix=x":                                                     "AccountKey=REDACTED;EndpointSuffix=x",
		"Server=db;Password=two words;Encrypt=yes":                                              "Server=db;Password=REDACTED;Encrypt=yes",
		"+ ./join --password hunter2 --name web":                                                "+ ./join --password REDACTED --name web",
		"+ ./join --api-token='hunter2' web":                                                    "+ ./join --api-token=REDACTED web",
		"+ curl -s -u admin:hunter2 https://repo.example/x":                                     "+ curl -s -u REDACTED https://repo.example/x",
		"+ curl --user 'admin:hunter2' x":                                                       "+ curl --user 'REDACTED' x",
		"+ mysqldump -h db -phunter2 shop":                                                      "+ mysqldump -h db -pREDACTED shop",
		"SHELL=/bin/sh\nCUSTOM_THING=hunter2\nN=3":                                              "SHELL=REDACTED\nCUSTOM_THING=REDACTED\nN=3",
		"key: -----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----\nbye": "key: REDACTED\nbye",
		"MIIEowIBAAKCAQEA\nabcdef==\n-----END PRIVATE KEY-----\nbye":                            "REDACTED\nbye",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz":                                         "REDACTED",
		"pushed by ghp_abcdefghij0123456789":                                                    "pushed by REDACTED",
		"xoxb-1234567890-abcdef":                                                                "REDACTED",
		"AKIAIOSFODNN7EXAMPLE is not valid":                                                     "REDACTED is not valid",
		"openai sk-proj-abcdefgh12345678":                                                       "openai REDACTED",
		"command terminated with exit status=1":                                                 "command terminated with exit status=1",
		id:                                                                                      id,
		"The client lacks authorization to perform action 'Microsoft.Compute/write'": "The client lacks " +
			"authorization to perform action 'Microsoft.Compute/write'",
	} {
		if got := (*redact.Redactor)(nil).Text(in); got != want {
			t.Errorf("%s\nwant %s\n got %s", in, want, got)
		}
	}
}

// TestSpellings: a secret is cut in every spelling, whatever stands around it.
func TestSpellings(t *testing.T) {
	const secret = `Zk9$x&w<"q+r/7'€=m` // cannot be told by its form
	r := redact.Of("./join --license " + secret + " --region westeurope")
	quoted, err := json.Marshal("x " + secret)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(string(quoted))
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{
		secret, strings.ToLower(secret), "a" + secret + "b", string(quoted), string(again), url.QueryEscape(secret), url.PathEscape(secret),
		url.QueryEscape(url.QueryEscape(secret)),
		`'Zk9$x&w<"q+r/7'\''€=m'`, `"Zk9\$x&w<\"q+r/7'€=m"`, `Zk9\$x\&w\<\"q+r/7\'€=m`, "Zk9$x&amp;w&lt;&quot;q+r/7&#39;€=m",
		"Zk9$x&w\n<\"q+r/7'€=m",
		`Zk9$x\u0026w\u003c\"q\u002Br/7\u0027\u20ac=m`,
	}
	for before := range 4 {
		for after := range 4 {
			plain := []byte(strings.Repeat("<", before) + secret + strings.Repeat(">", after))
			texts = append(texts, base64.StdEncoding.EncodeToString(plain), base64.URLEncoding.EncodeToString(plain),
				base64.RawStdEncoding.EncodeToString(plain), base64.RawURLEncoding.EncodeToString(plain))
		}
	}
	wrapped := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", 41) + secret + "."))
	texts = append(texts, wrapped[:60]+"\n"+wrapped[60:], wrapped[:60]+`\n`+wrapped[60:])
	for _, text := range texts {
		got := r.Text("it said (" + text + ") and went")
		rest := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(got, "it said ("), ") and went"), redact.Mark, "")
		if strings.Trim(rest, `abx'"\ `) != "" || !strings.HasPrefix(got, "it said (") || !strings.HasSuffix(got, ") and went") {
			t.Errorf("%s\n got %s", text, got)
		}
	}
}

// TestWords: every word of a value is cut, also the parts of a URL, what a script in base64 holds, and a short value that stands alone.
func TestWords(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte("#!/bin/sh\n./enroll --with Tr0ub4dor\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := redact.Of("amqp://shop:Fj39ax@queue/x", base64.StdEncoding.EncodeToString(packed.Bytes()), "71x2")
	for in, want := range map[string]string{
		"login of shop with Fj39ax":     "login of shop with REDACTED",
		"enroll: Tr0ub4dor is no good":  "REDACTED: REDACTED is no good",
		"code 71x2, not 71x23":          "code REDACTED, not 71x23",
		"[stdout]\n\n[stderr]\nub4dor!": "[stdout]\n\n[stderr]\nREDACTED!",
		"sent Fj39":                     "sent REDACTED",
		"nothing of it":                 "nothing of it",
	} {
		if got := r.Text(in); got != want {
			t.Errorf("%q\nwant %q\n got %q", in, want, got)
		}
	}
	if got := r.With("another").Text("another Tr0ub4dor"); got != "REDACTED" {
		t.Errorf("got %q", got)
	}
	if got := r.Text("another"); got != "another" {
		t.Errorf("got %q: With changed what it was called on", got)
	}
}

// TestLongText: however long a text is, nothing of a secret is left where it is cut in two.
func TestLongText(t *testing.T) {
	r := redact.Of("Tr0ub4dor-and-3")
	for n := range 20 {
		text := strings.Repeat("x ", 16<<10-8) + strings.Repeat(".", n) + "Tr0ub4dor-and-3" + strings.Repeat(" y", 40<<10)
		if got := r.Text(text); strings.Contains(got, "Tr0u") || strings.Contains(got, "4dor") {
			t.Errorf("%d: a part is left", n)
		}
	}
}
