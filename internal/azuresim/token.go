package azuresim

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// tokenRoutes are those of the login server: any secret is right there.
func (s *login) tokenRoutes() []*arm.Route {
	var list []*arm.Route
	for _, e := range []struct {
		method, pattern, name string
		handle                func(*arm.Request) (*arm.Response, *arm.Error)
	}{
		{"POST", "{tenant}/oauth2/v2.0/token", "Token", s.issueToken},
		{"POST", "{tenant}/oauth2/token", "Token", s.issueToken},
		{"GET", "{tenant}/v2.0/.well-known/openid-configuration", "OpenIDConfiguration", s.openIDConfiguration},
		{"GET", "{tenant}/.well-known/openid-configuration", "OpenIDConfiguration", s.openIDConfiguration},
		{"GET", "common/discovery/instance", "InstanceDiscovery", s.discoverInstance},
		{"GET", "metadata/endpoints", "Metadata", s.metadata},
	} {
		r := arm.NewRoute(e.method, e.pattern, e.name, "", ratelimit.Unlimited, e.handle)
		r.Public, r.Kind = true, arm.KindRead
		list = append(list, r)
	}
	return list
}

// login is the login server, as far as clients of the resource manager need one.
type login struct{ *kernel.Kernel }

const tokenLife = time.Hour

// issueToken gives a token to every client that asks for one with an id.
func (s *login) issueToken(r *arm.Request) (*arm.Response, *arm.Error) {
	form, err := url.ParseQuery(string(r.Body))
	if err != nil || form.Get("grant_type") == "" {
		return oauthRefusal("invalid_request", "AADSTS900144: The request body must contain the following parameter: 'grant_type'."), nil
	}
	if form.Get("client_secret") == arm.ForbiddenToken {
		return s.token(form, arm.ForbiddenToken), nil
	}
	if form.Get("client_id") == "" && form.Get("grant_type") == "client_credentials" {
		return oauthRefusal("invalid_request", "AADSTS900144: The request body must contain the following parameter: 'client_id'."), nil
	}
	return s.token(form, s.jwt(form.Get("client_id"))), nil
}

func (s *login) token(form url.Values, token string) *arm.Response {
	expires := int(tokenLife / time.Second)
	m := tree.Members{
		{"token_type", "Bearer"}, {"expires_in", expires}, {"ext_expires_in", expires},
		{"expires_on", int(s.Now.Add(tokenLife).Unix())}, {"access_token", token},
	}
	if form.Get("grant_type") != "client_credentials" {
		m = append(m, tree.Member{"scope", form.Get("scope")}, tree.Member{"refresh_token", "simulated-refresh-token"})
	}
	return arm.Answer(http.StatusOK, m)
}

// jwt returns a token that clients can decode; it is not signed.
func (s *login) jwt(client string) string {
	claims := tree.ToCompactJSON(tree.Members{
		{"aud", "https://management.azure.com"}, {"iss", "https://sts.windows.net/" + arm.TenantID + "/"},
		{"iat", int(s.Now.Unix())}, {"nbf", int(s.Now.Unix())}, {"exp", int(s.Now.Add(tokenLife).Unix())},
		{"appid", client}, {"oid", arm.ClientID}, {"tid", arm.TenantID}, {"ver", "1.0"},
	})
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(claims) + "." + encode([]byte("simulated"))
}

func oauthRefusal(code, description string) *arm.Response {
	return arm.Answer(http.StatusBadRequest, tree.Members{{"error", code}, {"error_description", description}, {"error_codes", []any{900144}}})
}

func (s *login) openIDConfiguration(r *arm.Request) (*arm.Response, *arm.Error) {
	tenant := r.Base + "/" + r.Args["tenant"]
	version := ""
	if len(r.Route.Pattern) == 4 {
		version = "/v2.0"
	}
	return arm.Answer(http.StatusOK, tree.Members{
		{"token_endpoint", tenant + "/oauth2" + version + "/token"},
		{"token_endpoint_auth_methods_supported", []string{"client_secret_post", "private_key_jwt", "client_secret_basic"}},
		{"jwks_uri", tenant + "/discovery" + version + "/keys"},
		{"response_types_supported", []string{"code", "id_token", "token"}},
		{"issuer", tenant + version},
		{"authorization_endpoint", tenant + "/oauth2" + version + "/authorize"},
		{"device_authorization_endpoint", tenant + "/oauth2" + version + "/devicecode"},
		{"end_session_endpoint", tenant + "/oauth2" + version + "/logout"},
	}), nil
}

func (s *login) discoverInstance(r *arm.Request) (*arm.Response, *arm.Error) {
	host := r.Base
	if u, err := url.Parse(r.Base); err == nil {
		host = u.Host
	}
	return arm.Answer(http.StatusOK, tree.Members{
		{"tenant_discovery_endpoint", r.Base + "/" + arm.TenantID + "/v2.0/.well-known/openid-configuration"},
		{"api-version", "1.1"},
		{"metadata", []tree.Members{{
			{"preferred_network", host}, {"preferred_cache", host}, {"aliases", []string{host}},
		}}},
	}), nil
}

// metadata returns the document that the CLI reads when it is pointed at another cloud.
func (s *login) metadata(r *arm.Request) (*arm.Response, *arm.Error) {
	return arm.Answer(http.StatusOK, tree.Members{
		{"galleryEndpoint", r.Base + "/"}, {"graphEndpoint", r.Base + "/"}, {"portalEndpoint", r.Base + "/"},
		{"authentication", tree.Members{{"loginEndpoint", r.Base}, {"audiences", []string{"https://management.azure.com", r.Base}}}},
	}), nil
}
