// vault-slim: HashiCorp Vault's own core, HTTP handler, listeners and a few of its backends, as a dev-mode server only.
// What it leaves out is Vault's `command` package (CLI, agent, proxy, storage backends) and most plugins: those, and
// the cloud SDKs behind them, are most of the 365 MB and 10+ minutes of a full build. See build.sh for the rest.
// main() follows ServerCommand.Run and enableDev in Vault's command/server.go, dev mode without HA; the flags are the
// same, so that a full Vault can stand in its place. Everything below the flags is Vault's code, not ours.
package main

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sort"
	"syscall"
	"time"

	"github.com/hashicorp/cli"
	"github.com/hashicorp/go-hclog"
	credJWT "github.com/hashicorp/vault-plugin-auth-jwt"
	logicalKv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	credAppRole "github.com/hashicorp/vault/builtin/credential/approle"
	credAws "github.com/hashicorp/vault/builtin/credential/aws"
	credCert "github.com/hashicorp/vault/builtin/credential/cert"
	credLdap "github.com/hashicorp/vault/builtin/credential/ldap"
	credUserpass "github.com/hashicorp/vault/builtin/credential/userpass"
	logicalDb "github.com/hashicorp/vault/builtin/logical/database"
	logicalPki "github.com/hashicorp/vault/builtin/logical/pki"
	logicalTotp "github.com/hashicorp/vault/builtin/logical/totp"
	logicalTransit "github.com/hashicorp/vault/builtin/logical/transit"
	"github.com/hashicorp/vault/builtin/plugin"
	"github.com/hashicorp/vault/command/server"
	"github.com/hashicorp/vault/helper/metricsutil"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	dbPostgres "github.com/hashicorp/vault/plugins/database/postgresql"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
	"github.com/hashicorp/vault/version"
)

// registry stands in for helper/builtinplugins, which imports every plugin there is. It answers the plugin catalog:
// `type` in sys/mounts and sys/auth, and `plugin_name` in database/config.
type registry map[consts.PluginType]map[string]any

var builtins = registry{
	consts.PluginTypeCredential: {
		"approle":  logical.Factory(credAppRole.Factory),
		"aws":      logical.Factory(credAws.Factory),
		"cert":     logical.Factory(credCert.Factory),
		"jwt":      logical.Factory(credJWT.Factory),
		"ldap":     logical.Factory(credLdap.Factory),
		"oidc":     logical.Factory(credJWT.Factory),
		"userpass": logical.Factory(credUserpass.Factory),
	},
	consts.PluginTypeSecrets: {
		"kv":      logical.Factory(logicalKv.Factory),
		"pki":     logical.Factory(logicalPki.Factory),
		"totp":    logical.Factory(logicalTotp.Factory),
		"transit": logical.Factory(logicalTransit.Factory),
	},
	consts.PluginTypeDatabase: {"postgresql-database-plugin": dbPostgres.New}, // func() (any, error)
}

func (r registry) Get(name string, t consts.PluginType) (func() (any, error), bool) {
	f, ok := r[t][name]
	if t == consts.PluginTypeDatabase && ok { // made by calling the factory itself
		return f.(func() (any, error)), true
	}
	return func() (any, error) { return f, nil }, ok
}

func (r registry) Keys(t consts.PluginType) (keys []string) {
	for k := range r[t] {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func (r registry) Contains(name string, t consts.PluginType) bool { return r[t][name] != nil }

func (r registry) DeprecationStatus(name string, t consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, r[t][name] != nil
}

func (registry) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }

func main() {
	if len(os.Args) > 1 && (os.Args[1] == "version" || os.Args[1] == "-version" || os.Args[1] == "--version") {
		fmt.Println(version.GetVersion().FullVersionNumber(true), "(vault-slim)")
		return
	}
	if len(os.Args) < 2 || os.Args[1] != "server" {
		fmt.Fprintln(os.Stderr, "usage: vault-slim server -dev [flags] | version")
		os.Exit(2)
	}
	if err := serve(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "vault-slim:", err)
		os.Exit(1)
	}
}

func serve(args []string) error {
	f := flag.NewFlagSet("server", flag.ExitOnError)
	f.Bool("dev", true, "dev mode; there is no other")
	f.Bool("dev-no-store-token", true, "accepted; the token is never stored")
	listen := f.String("dev-listen-address", "127.0.0.1:8200", "")
	rootToken := f.String("dev-root-token-id", "", "")
	useTLS := f.Bool("dev-tls", false, "https, with a generated CA and certificate; client certificates are asked for")
	certDir := f.String("dev-tls-cert-dir", "", "where -dev-tls writes vault-{ca,cert,key}.pem")
	noKV := f.Bool("dev-no-kv", false, "do not mount secret/")
	kv1 := f.Bool("dev-kv-v1", false, "mount secret/ as KV version 1")
	logLevel := f.String("log-level", "info", "")
	var sans, files []string
	add := func(to *[]string) func(string) error {
		return func(s string) error { *to = append(*to, s); return nil }
	}
	f.Func("dev-tls-san", "additional subject alternative name (repeatable)", add(&sans))
	f.Func("config", "configuration file, merged; telemetry, lease TTLs and further listeners are honoured, storage and seal are not", add(&files))
	if err := f.Parse(args); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(*listen)
	if err != nil {
		return err
	}

	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.LevelFromString(*logLevel), Output: os.Stderr})
	ui := &cli.BasicUi{Writer: os.Stdout, ErrorWriter: os.Stderr}

	var config *server.Config
	if *useTLS {
		if *certDir == "" {
			if *certDir, err = os.MkdirTemp("", "vault-tls"); err != nil {
				return err
			}
			defer os.Remove(*certDir)
		}
		if host != "" && host != "127.0.0.1" {
			sans = append(sans, host)
		}
		// Like Vault, remove them at exit; also before, since they are written read-only.
		unlink := func() {
			for _, n := range []string{server.VaultDevCAFilename, server.VaultDevCertFilename, server.VaultDevKeyFilename} {
				os.Remove(filepath.Join(*certDir, n))
			}
		}
		unlink()
		defer unlink()
		config, err = server.DevTLSConfig("inmem", *certDir, sans)
	} else {
		config, err = server.DevConfig("inmem")
	}
	if err != nil {
		return err
	}
	config.Listeners[0].Address = *listen
	config.Listeners[0].Telemetry.UnauthenticatedMetricsAccess = true
	for _, name := range files {
		more, err := server.LoadConfigFile(name)
		if err != nil {
			return err
		}
		config = config.Merge(more)
	}

	config.Seals = []*configutil.KMS{{Type: vault.SealConfigTypeShamir.String(), Priority: 1, Name: "shamir"}}

	metrics, sink, prometheus, err := configutil.SetupTelemetry(&configutil.SetupTelemetryOpts{
		Config: config.Telemetry, Ui: ui, ServiceName: "vault", DisplayName: "Vault", UserAgent: "vault-slim",
	})
	if err != nil {
		return err
	}
	storage, err := inmem.NewInmem(nil, logger.Named("storage.inmem"))
	if err != nil {
		return err
	}
	scheme := "http"
	if *useTLS {
		scheme = "https"
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		RawConfig:    config,
		Physical:     storage,
		StorageType:  "inmem",
		RedirectAddr: scheme + "://" + *listen,
		Logger:       logger,
		LogLevel:     *logLevel,
		AllLoggers:   []hclog.Logger{logger},
		AuditBackends: map[string]audit.Factory{
			"file": audit.NewFileBackend, "socket": audit.NewSocketBackend, "syslog": audit.NewSyslogBackend,
		},
		CredentialBackends: map[string]logical.Factory{"plugin": plugin.Factory},
		// kv as well as in the registry because it is mounted by the core itself.
		LogicalBackends:     map[string]logical.Factory{"plugin": plugin.Factory, "database": logicalDb.Factory, "kv": logicalKv.Factory},
		BuiltinRegistry:     builtins,
		MetricsHelper:       metricsutil.NewMetricsHelper(metrics, prometheus),
		MetricSink:          sink,
		DisableMlock:        true,
		EnableRaw:           true,
		EnableIntrospection: true,
		EnableUI:            config.EnableUI, // there is no UI in the binary, but /ui/ then says so, as in a full build
		MaxLeaseTTL:         config.MaxLeaseTTL,
		DefaultLeaseTTL:     config.DefaultLeaseTTL,
	})
	if err != nil && (core == nil || vault.IsFatalError(err)) {
		return err
	}

	// Listen first, so that a taken port fails at once; serve only once unsealed, as Vault does.
	type pair struct {
		net.Listener
		config *configutil.Listener
	}
	var listeners []pair
	for _, c := range config.Listeners {
		ln, _, _, err := server.NewListener(c, os.Stderr, ui)
		if err != nil {
			return err
		}
		defer ln.Close()
		if c.MaxRequestSize == 0 {
			c.MaxRequestSize = vaulthttp.DefaultMaxRequestSize
		}
		if c.CustomMaxJSONDepth == 0 {
			c.CustomMaxJSONDepth = vaulthttp.CustomMaxJSONDepth
		}
		if c.CustomMaxJSONStringValueLength == 0 {
			c.CustomMaxJSONStringValueLength = vaulthttp.CustomMaxJSONStringValueLength
		}
		if c.CustomMaxJSONObjectEntryCount == 0 {
			c.CustomMaxJSONObjectEntryCount = vaulthttp.CustomMaxJSONObjectEntryCount
		}
		if c.CustomMaxJSONArrayElementCount == 0 {
			c.CustomMaxJSONArrayElementCount = vaulthttp.CustomMaxJSONArrayElementCount
		}
		if c.MaxRequestDuration == 0 {
			c.MaxRequestDuration = vault.DefaultMaxRequestDuration
		}
		listeners = append(listeners, pair{ln, c})
	}

	init, err := enableDev(core, *rootToken, *noKV, *kv1)
	if err != nil {
		return err
	}

	for _, ln := range listeners {
		handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: ln.config})
		if len(ln.config.XForwardedForAuthorizedAddrs) > 0 {
			handler = vaulthttp.WrapForwardedForHandler(handler, ln.config)
		}
		srv := &http.Server{
			Handler: handler, ErrorLog: logger.StandardLogger(nil),
			ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute,
		}
		go srv.Serve(ln.Listener)
	}
	fmt.Printf("==> vault-slim: Vault %s core, %s, %s://%s\nUnseal Key: %s\nRoot Token: %s\n",
		version.GetVersion().VersionNumber(), runtime.Version(), scheme, listeners[0].Addr(),
		base64.StdEncoding.EncodeToString(init.SecretShares[0]), init.RootToken)

	stop := make(chan os.Signal, 1)
	signal.Ignore(syscall.SIGHUP)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	for _, ln := range listeners {
		ln.Close()
	}
	return core.Shutdown()
}

// enableDev is ServerCommand.enableDev for the default (Shamir) seal: initialise, unseal, swap the root token, mount KV.
func enableDev(core *vault.Core, rootToken string, noKV, kv1 bool) (*vault.InitResult, error) {
	ctx := namespace.ContextWithNamespace(context.Background(), namespace.RootNamespace)
	init, err := core.Initialize(ctx, &vault.InitParams{
		BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1, Name: "shamir"},
	})
	if err != nil {
		return nil, err
	}
	key := append([]byte(nil), init.SecretShares[0]...) // Unseal zeroes what it is given
	if ok, err := core.Unseal(key); err != nil || !ok {
		return nil, fmt.Errorf("unseal: %v %w", ok, err)
	}
	call := func(path string, data map[string]any) (*logical.Response, error) {
		resp, err := core.HandleRequest(ctx, &logical.Request{
			ID: "dev", Operation: logical.UpdateOperation, ClientToken: init.RootToken, Path: path, Data: data,
		})
		if err == nil && resp.IsError() {
			err = resp.Error()
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return resp, err
	}
	if rootToken != "" {
		resp, err := call("auth/token/create", map[string]any{
			"id": rootToken, "policies": []string{"root"}, "no_parent": true, "no_default_policy": true,
		})
		if err != nil {
			return nil, err
		}
		if _, err := call("auth/token/revoke-self", nil); err != nil {
			return nil, err
		}
		init.RootToken = resp.Auth.ClientToken
	}
	if !noKV {
		v := "2"
		if kv1 {
			v = "1"
		}
		if _, err := call("sys/mounts/secret", map[string]any{
			"type": "kv", "description": "key/value secret storage", "options": map[string]string{"version": v},
		}); err != nil {
			return nil, err
		}
	}
	return init, nil
}
