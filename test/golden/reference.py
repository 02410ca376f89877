import torch, json, math
torch.set_num_threads(1); torch.set_default_dtype(torch.float64)
def rosen(p): return (1-p[0])**2 + 100*(p[1]-p[0]**2)**2
START=[-1.2,1.0]
cfg={
 'sgd_lr1e-3':(torch.optim.SGD,dict(lr=1e-3)),
 'sgd_mom0.9':(torch.optim.SGD,dict(lr=1e-3,momentum=0.9)),
 'sgd_mom0.9_damp0.1':(torch.optim.SGD,dict(lr=1e-3,momentum=0.9,dampening=0.1)),
 'sgd_mom0.9_nesterov':(torch.optim.SGD,dict(lr=1e-3,momentum=0.9,nesterov=True)),
 'sgd_mom0.9_nesterov_wd1e-2':(torch.optim.SGD,dict(lr=1e-3,momentum=0.9,nesterov=True,weight_decay=1e-2)),
 'adam_lr0.1':(torch.optim.Adam,dict(lr=0.1)),
 'adam_lr0.1_wd1e-2':(torch.optim.Adam,dict(lr=0.1,weight_decay=1e-2)),
 'adam_lr0.1_amsgrad':(torch.optim.Adam,dict(lr=0.1,amsgrad=True)),
 'adamw_lr0.1_wd1e-2':(torch.optim.AdamW,dict(lr=0.1,weight_decay=1e-2)),
 'rmsprop_lr0.01':(torch.optim.RMSprop,dict(lr=0.01)),
 'rmsprop_lr0.01_mom0.9_centered':(torch.optim.RMSprop,dict(lr=0.01,momentum=0.9,centered=True)),
 'adagrad_lr0.1':(torch.optim.Adagrad,dict(lr=0.1)),
 'adagrad_lr0.1_lrdecay0.01':(torch.optim.Adagrad,dict(lr=0.1,lr_decay=0.01)),
 'adadelta_default':(torch.optim.Adadelta,dict()),
 'adamax_default':(torch.optim.Adamax,dict()),
 'nadam_default':(torch.optim.NAdam,dict()),
 'radam_lr1e-4':(torch.optim.RAdam,dict(lr=1e-4)),
 'rprop_default':(torch.optim.Rprop,dict()),
 'asgd_lr1e-3':(torch.optim.ASGD,dict(lr=1e-3)),
}
out={'problem':'Rosenbrock f=(1-x)^2+100(y-x^2)^2, start (-1.2,1.0), float64, torch '+torch.__version__,'optimizers':{}}
for n,(C,k) in cfg.items():
    p=torch.tensor(START,requires_grad=True); o=C([p],**k); tr={}
    for s in range(1,101):
        o.zero_grad(); l=rosen(p); l.backward(); o.step()
        if s in (1,2,3,10,100): tr[s]=p.detach().tolist()+[rosen(p).item()]
    out['optimizers'][n]={'class':C.__name__,'args':k,'steps':tr}
for n,k in {'lbfgs_lr1_strong_wolfe_hist10':dict(lr=1,history_size=10,max_iter=20,line_search_fn='strong_wolfe'),'lbfgs_lr1e-3_nols':dict(lr=1e-3,history_size=10,max_iter=5)}.items():
    p=torch.tensor(START,requires_grad=True); o=torch.optim.LBFGS([p],**k); tr={}; ev=0
    def cl():
        global ev; ev+=1
        o.zero_grad(); l=rosen(p); l.backward(); return l
    for s in range(1,4):
        o.step(cl); tr[s]=p.detach().tolist()+[rosen(p).item()]; 
    out['optimizers'][n]={'class':'LBFGS','args':k,'steps':tr,'closure_evals_3_steps':ev}
# Lion (optax rule) in plain python, defaults b1=.9 b2=.99 wd=1e-3
p=torch.tensor(START,requires_grad=True); m=torch.zeros(2); tr={}
for s in range(1,101):
    g,=torch.autograd.grad(rosen(p),p)
    with torch.no_grad():
        c=0.9*m+0.1*g; q=p-0.003*(torch.sign(c)+1e-3*p); m=0.99*m+0.01*g
    p=q.detach().requires_grad_(True)
    if s in (1,2,3,10,100): tr[s]=p.tolist()+[rosen(p).item()]
out['optimizers']['lion_lr0.003_b0.9_0.99_wd1e-3 (my port of the optax rule, not run in optax)']={'steps':tr}
# autograd vectors
def lin(n,*sh,a=0.37,b=0.11): # deterministic tensor: sin
    N=math.prod(sh); return torch.tensor([math.sin(a*i+b+n) for i in range(N)]).reshape(sh)
F=torch.nn.functional; A={}
x=lin(1,4,3); y=torch.tensor([0,2,1,2]); W1=lin(2,5,3).requires_grad_(); b1=lin(3,5).requires_grad_(); W2=lin(4,3,5).requires_grad_(); b2=lin(5,3).requires_grad_()
for act,fn in dict(relu=F.relu,tanh=torch.tanh,sigmoid=torch.sigmoid,gelu=F.gelu,silu=F.silu,softplus=F.softplus,elu=F.elu).items():
    l=F.cross_entropy(F.linear(fn(F.linear(x,W1,b1)),W2,b2),y); g=torch.autograd.grad(l,[W1,b1,W2,b2]); A['mlp_3_5_3_'+act]={'loss':l.item(),'gradnorms':[t.norm().item() for t in g],'gW1':g[0].flatten().tolist(),'gb2':g[3].tolist()}
xc=lin(6,2,3,6,6).requires_grad_(); k=lin(7,4,3,3,3).requires_grad_(); kb=lin(8,4).requires_grad_(); ga=torch.tensor([1.0,1.1,0.9,1.2],requires_grad=True); be=torch.tensor([0.1,-0.05,0.2,0.0],requires_grad=True); rm=torch.zeros(4); rv=torch.ones(4)
h=F.conv2d(xc,k,kb,stride=2,padding=1); h2=F.batch_norm(h,rm,rv,ga,be,training=True,momentum=0.1,eps=1e-5); h3=F.max_pool2d(F.relu(h2),2,1); l=F.cross_entropy(h3.flatten(1),torch.tensor([3,11])); g=torch.autograd.grad(l,[xc,k,kb,ga,be])
A['conv3x3s2p1_bn_relu_maxpool2s1_ce']={'shapes':[list(h.shape),list(h3.shape)],'loss':l.item(),'gradnorms(x,k,kb,gamma,beta)':[t.norm().item() for t in g],'ggamma':g[3].tolist(),'gbeta':g[4].tolist(),'running_mean':rm.tolist(),'running_var':rv.tolist(),'gk_first9':g[1].flatten()[:9].tolist()}
# exact Hessian spectrum of tiny MLP (tanh) for SLQ/HVP/power iteration checks
sh=[(5,3),(5,),(3,5),(3,)]; th0=torch.cat([t.detach().flatten() for t in (W1,b1,W2,b2)])
def L(th):
    o=0; P=[]
    for s in sh:
        n=math.prod(s); P.append(th[o:o+n].reshape(s)); o+=n
    return F.cross_entropy(F.linear(torch.tanh(F.linear(x,P[0],P[1])),P[2],P[3]),y)
H=torch.autograd.functional.hessian(L,th0); ev=torch.linalg.eigvalsh(H)
A['hessian_mlp_3_5_3_tanh']={'n':len(th0),'eigs':ev.tolist(),'trace':H.trace().item(),'fro':H.norm().item(),'Hv_ones_norm':(H@torch.ones(len(th0))).norm().item()}
# per-example gradient noise of same MLP
gs=torch.stack([torch.autograd.functional.jacobian(lambda th:F.cross_entropy(F.linear(torch.tanh(F.linear(x[i:i+1],th[:15].reshape(5,3),th[15:20])),th[20:35].reshape(3,5),th[35:38]),y[i:i+1]),th0) for i in range(4)])
G=gs.mean(0); A['grad_noise_mlp_tanh']={'|G|^2':(G@G).item(),'trSigma_pop(1/N)':((gs-G)**2).sum().item()/4,'trSigma_unbiased(1/(N-1))':((gs-G)**2).sum().item()/3,'per_ex_sqnorm':(gs**2).sum(1).tolist()}
out['autograd']=A; out['fixture']='lin(n,shape)[i]=sin(0.37*i+0.11+n), row-major'
json.dump(out,open('reference.json','w'),indent=1)
for n,d in out['optimizers'].items(): print(n,{s:['%.10g'%v for v in t] for s,t in d['steps'].items() if s in (1,2,3,10,100)}, d.get('closure_evals_3_steps',''))
for n,d in A.items(): print(n,{k:(v if not isinstance(v,list) else v[:6]) for k,v in d.items()})
